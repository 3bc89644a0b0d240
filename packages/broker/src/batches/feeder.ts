import { listActive } from '@switchyard/batches/active-batches'
import { allot, newTurns } from '@switchyard/batches/allot'
import { type BatchRecord, hasEnded } from '@switchyard/batches/batch-record'
import { createLineLoader } from '@switchyard/batches/load-lines'
import { recordLineEnds } from '@switchyard/batches/record-line-ends'
import { type TakenLine, takeLines } from '@switchyard/batches/take-lines'
import { type Urgency, urgencyOf } from '@switchyard/batches/urgency'
import { isSegmentDue, writeSegment } from '@switchyard/batches/write-segment'
import { isTerminal, type JobSpec } from '@switchyard/contract/job'
import { readJobs } from '@switchyard/jobs/read-job'
import type { Broker } from '../broker.ts'
import type { Fleet } from '../chat/plan-intake.ts'
import { closeAndCompose, type OutputFiles, retire, validate } from './batch-chores.ts'
import { laneRooms } from './lane-rooms.ts'
import { moveUp } from './move-up.ts'
import { planLines } from './plan-line.ts'
import { reconcileWindow } from './reconcile-window.ts'
import { submitLines } from './submit-lines.ts'
import { createWarmUp, type WarmUp } from './warm-up.ts'

/** Lines of one batch that are jobs at a time. */
const WINDOW = 400
/** Lines in a window are looked at this often, should whoever ended them have died; and those without a job are made again. */
const RECONCILE_EVERY_MS = 2_000
/** What a line costs, in tokens, until some have been planned. */
const ASSUMED_COST = 1_500
/** Inputs validated, or files composed, at a time: each streams up to 200 MB. */
const HEAVY_AT_ONCE = 2

/** What the feeder remembers of a batch; all of it can be lost. */
interface Memory {
  /** Where its last line went; null before the first. */
  lane: string | null
  cost: number
  urgency: Urgency
  reconciledAtMs: number
  warmUp: WarmUp
}

export interface FeederOptions {
  broker: Broker
  fleet(): Fleet
  files: OutputFiles
  /** True while Redis is too full for new jobs. */
  isFull(): boolean
  /** Told of every batch that has ended, at least once, before it is let go. */
  onEnded?(batch: BatchRecord): Promise<void>
}

export interface Feeder {
  /** Looks at every active batch once and does what can be done now. True when there is more to do at once. */
  round(signal: AbortSignal): Promise<boolean>
  /** Resolves when nothing runs in the background of the rounds any more. */
  idle(): Promise<void>
}

/**
 * Drives batches through their lives: validated, fed line by line through a window, closed, written to files. One process does it at a
 * time; everything it does is safe to repeat and nothing of it is remembered here alone, so the next one goes on where this one died.
 */
export function createFeeder(options: FeederOptions): Feeder {
  const { broker } = options
  const batches = broker.jobs
  const { redis } = batches
  const loader = createLineLoader(batches)
  const turns = newTurns()
  const memories = new Map<string, Memory>()
  /** Chores under way, one for each batch. */
  const chores = new Map<string, { heavy: boolean; done: Promise<void> }>()

  function start(batchId: string, heavy: boolean, doing: string, act: () => Promise<void>): void {
    if (chores.has(batchId)) return
    if (heavy && [...chores.values()].filter((chore) => chore.heavy).length >= HEAVY_AT_ONCE) return
    const done = act()
      .catch((error) => broker.onError(error, doing))
      .finally(() => chores.delete(batchId))
    chores.set(batchId, { heavy, done })
  }

  function memoryOf(batchId: string): Memory {
    let memory = memories.get(batchId)
    if (!memory) {
      memory = { lane: null, cost: ASSUMED_COST, urgency: 0, reconciledAtMs: 0, warmUp: createWarmUp() }
      memories.set(batchId, memory)
    }
    return memory
  }

  /** Whatever a batch needs but lines. True when it can be fed. */
  function tend(batch: BatchRecord, signal: AbortSignal): boolean {
    const { spec, status, total, done } = batch
    if (hasEnded(status)) {
      start(spec.id, false, 'let a batch go', () => retire(batches, batch, options.onEnded))
      return false
    }
    const isOver = batch.nowMs >= batch.expiresAtMs || status === 'cancelling' || done === total
    if (status === 'validating' && batch.nowMs < batch.expiresAtMs) {
      start(spec.id, true, 'validate a batch', () => validate(batches, batch, signal))
    } else if (status === 'finalizing' || isOver) {
      start(spec.id, true, 'close a batch', () => closeAndCompose(broker, loader, batch, options.files))
    } else {
      if (isSegmentDue(batch)) start(spec.id, false, 'write a segment', () => writeSegment(batches, batch))
      return true
    }
    return false
  }

  /** Makes jobs of lines that are in the window, group by group as they are read. */
  async function makeJobs(batch: BatchRecord, lines: TakenLine[], signal: AbortSignal): Promise<void> {
    const memory = memoryOf(batch.spec.id)
    for await (const group of loader.load(batch.spec, lines)) {
      if (signal.aborted) return
      const planned = planLines(options.fleet(), batch, group, memory.urgency === 2 ? 'interactive' : 'batch')
      const made = memory.warmUp.admit(planned.filter((one) => one.kind === 'job'))
      const refused = planned.filter((one) => one.kind === 'refused')
      await Promise.all([
        submitLines(broker, made, memory.urgency === 1),
        recordLineEnds(
          batches,
          refused.map(({ end }) => end),
        ),
      ])
      if (made.length > 0)
        learn(
          memory,
          made.map(({ spec }) => spec),
        )
    }
  }

  function learn(memory: Memory, specs: JobSpec[]): void {
    const tokens = specs.reduce((sum, { estimate }) => sum + estimate.inputTokens + estimate.outputTokens, 0)
    memory.cost = Math.max(1, Math.round((memory.cost + tokens / specs.length) / 2))
    memory.lane = specs.at(-1)!.route.hops[0]!.lane
  }

  /** Lines that waited for the first of their prefix, which has ended. */
  async function releaseWarmed({ warmUp }: Memory): Promise<TakenLine[]> {
    const leaders = warmUp.leaders()
    if (leaders.length === 0) return []
    const records = await readJobs(broker.jobs, leaders)
    return warmUp.release(new Set(leaders.filter((_, i) => records[i] === null || isTerminal(records[i]!.status))))
  }

  async function feed(open: BatchRecord[], signal: AbortSignal): Promise<boolean> {
    const contenders = open
      .filter(({ paused }) => !paused)
      .map((batch) => {
        const { lane, cost } = memoryOf(batch.spec.id)
        const left = batch.total - batch.done - batch.running
        const room = Math.min(WINDOW - batch.running, left)
        // Batches of which nothing is known yet try their luck together.
        return { batchId: batch.spec.id, project: batch.spec.project, room, cost, lane: lane ?? '' }
      })
      .filter(({ room }) => room > 0)
    if (contenders.length === 0 || options.isFull()) return false
    const rooms = await laneRooms(broker, open, (batchId) => memoryOf(batchId).lane ?? '')
    const wishes = [...allot(contenders, rooms, turns)].map(([batchId, lines]) => ({ batchId, lines }))
    if (wishes.length === 0 || signal.aborted) return false
    const taken = await takeLines(redis, wishes, WINDOW)
    const byId = new Map(open.map((batch) => [batch.spec.id, batch]))
    await Promise.all(
      wishes.map(({ batchId }, i) =>
        taken[i]!.length === 0
          ? null
          : makeJobs(byId.get(batchId)!, taken[i]!, signal).catch((error) => broker.onError(error, 'feed a batch')),
      ),
    )
    return taken.some((lines) => lines.length > 0)
  }

  /** Lines whose end nobody told, lines that never became jobs, lines that time runs out for. */
  async function lookAfter(batch: BatchRecord, signal: AbortSignal): Promise<void> {
    const memory = memoryOf(batch.spec.id)
    const released = await releaseWarmed(memory)
    if (released.length > 0 && !signal.aborted) await makeJobs(batch, released, signal)
    const urgency = urgencyOf({
      nowMs: batch.nowMs,
      startedAtMs: batch.inProgressAtMs ?? batch.spec.createdAtMs,
      expiresAtMs: batch.expiresAtMs,
      linesLeft: batch.total - batch.done,
      ratePerSecond: batch.ratePerSecond,
    })
    const isFirst = memory.reconciledAtMs === 0
    if (urgency <= memory.urgency && performance.now() - memory.reconciledAtMs < RECONCILE_EVERY_MS && !isFirst) return
    memory.reconciledAtMs = performance.now()
    // The first look takes over from a feeder that may have died: all of it.
    const before = isFirst || urgency > memory.urgency ? undefined : batch.nowMs - RECONCILE_EVERY_MS
    const { running, missing: jobless } = await reconcileWindow(broker, batch.spec, before)
    if (signal.aborted) return
    const missing = jobless.filter((line) => !memory.warmUp.isHeld(line))
    if (missing.length > 0 && !options.isFull()) await makeJobs(batch, missing, signal)
    if (urgency > memory.urgency) {
      await moveUp(broker, running, urgency === 2 ? 2 : 1)
      memory.urgency = urgency
    }
  }

  return {
    async round(signal) {
      const active = await listActive(redis)
      const known = new Set(active.map(({ spec }) => spec.id))
      for (const id of memories.keys()) if (!known.has(id)) memories.delete(id)
      if (signal.aborted) return false
      const open = active.filter((batch) => tend(batch, signal))
      const looks = await Promise.allSettled(open.map((batch) => lookAfter(batch, signal)))
      for (const look of looks) if (look.status === 'rejected') broker.onError(look.reason, 'look after a batch')
      return feed(open, signal)
    },
    async idle() {
      await Promise.all([...chores.values()].map(({ done }) => done))
    },
  }
}
