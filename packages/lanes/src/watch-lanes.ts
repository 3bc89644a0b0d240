import type { WaitsFor } from '@switchyard/contract/waiting-for'
import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { LANE_PREFIX, laneKeys } from './keys.ts'
import { type LaneLook, lookCommand, parseLook } from './look-at-lane.ts'
import { createStartRate, type StartRate } from './start-rate.ts'
import { createWaitCalibration, type Expectation, type WaitCalibration } from './wait-calibration.ts'

const EVERY_MS = 1_000
/** A lane that was not seen for so long is not known any more. */
const STALE_MS = 10_000
/** Workers report every second. */
const SILENT_MS = 5_000
/** Waiting deliveries of a lane that are picked at each look, to see when they are taken. */
const PICKED = 2
const MOST_PICKED = 256

/** What a lane's deployments allow; null: no limit. */
export interface LaneQuota {
  startsPerSecond: number | null
  tokensPerSecond: number | null
}

/** How a lane stood when it was last looked at. */
export interface LaneView {
  waiting: number
  delayed: number
  active: number
  /** Starts a second that it does, or may do, while somebody waits; null: not known. */
  startsPerSecond: number | null
  /** Why no worker fetches from it; null: one does, or nobody is there. */
  gate: { untilMs: number; waitingFor: WaitsFor } | null
  /** Estimated tokens of all that wait or are put off. */
  backlogTokens: number
}

/** What somebody who waits can be told; times in ms from now. */
export interface ExpectedWait extends Expectation {
  waitingFor: WaitsFor | null
}

export interface LaneWatch {
  view(lane: string): LaneView | null
  /** How long what enters the lane now at its end will wait, ms: the longest that anybody waits. Null: not known. No round trip. */
  predictedWaitMs(lane: string): number | null
  /** For a delivery with so many before it. Null: not known. No round trip. */
  expectWait(lane: string, position: number): ExpectedWait | null
  stop(): void
}

interface Picked {
  predictedMs: number
  expected: Expectation
  atMs: number
}

interface Lane {
  look: LaneLook | null
  /** `performance.now()` of the last look, and by Redis' clock. */
  lookedAt: number
  rate: StartRate
  calibration: WaitCalibration
  picked: Map<string, Picked>
}

/**
 * Looks at every lane once a second (one script for each) and predicts waits from that: those ahead ÷ the lane's rate of starts, not before
 * its gate opens. How far to believe that is learned: some of those that wait are picked at random, and when they were taken says how good
 * the prediction was. All requests in between are answered from here.
 */
export function startLaneWatch(options: {
  redis: RedisClient
  lanes(): Iterable<string>
  /** Of a lane, as its deployments' limits have it. */
  quotaOf?(lane: string): LaneQuota | null
  onError(error: unknown): void
  prefix?: string
  everyMs?: number
}): LaneWatch {
  const { redis, quotaOf = () => null, onError, prefix = LANE_PREFIX, everyMs = EVERY_MS } = options
  const lanes = new Map<string, Lane>()

  async function lookAtAll(): Promise<void> {
    const wanted = new Set(options.lanes())
    for (const name of lanes.keys()) if (!wanted.has(name)) lanes.delete(name)
    const asked = Array.from(wanted, (name) => {
      let lane = lanes.get(name)
      if (!lane) {
        lane = {
          look: null,
          lookedAt: 0,
          rate: createStartRate(),
          calibration: createWaitCalibration(),
          picked: new Map(),
        }
        lanes.set(name, lane)
      }
      const ids = [...lane.picked.keys()]
      const samples = ids.length < MOST_PICKED ? Array.from({ length: PICKED }, Math.random) : []
      return { name, lane, ids, command: lookCommand(laneKeys(name, prefix), ids, samples) }
    })
    const replies = await pipelineBySlot(
      redis,
      asked.map(({ command }) => command),
    )
    replies.forEach(({ error, value }, i) => {
      const { name, lane, ids } = asked[i]!
      if (error) onError(error)
      else take(name, lane, ids, parseLook(value))
    })
  }

  function take(name: string, lane: Lane, ids: string[], look: LaneLook): void {
    const before = lane.look
    if (before) lane.rate.add(sampleOf(before, look))
    const sinceMs = before ? look.nowMs - before.nowMs : 0
    ids.forEach((id, i) => {
      const { predictedMs, expected, atMs } = lane.picked.get(id)!
      if (look.waits[i]) return
      lane.picked.delete(id)
      // Some time between the two looks.
      const actualMs = Math.max(0, look.nowMs - atMs - sinceMs * Math.random())
      lane.calibration.observe(predictedMs, expected, actualMs)
    })
    lane.look = look
    lane.lookedAt = performance.now()
    for (const { id, position } of look.samples) {
      const predictedMs = predict(name, lane, position)
      if (predictedMs === null || lane.picked.has(id)) continue
      lane.picked.set(id, { predictedMs, expected: lane.calibration.expect(predictedMs), atMs: look.nowMs })
    }
  }

  /** Uncorrected. Null while nobody can say how fast the lane is, nor when it opens. */
  function predict(name: string, lane: Lane, position: number): number | null {
    const rate = rateOf(name, lane)
    if (!lane.look) return null
    const gate = gateOf(lane)
    const closedMs = gate ? gate.untilMs - nowOf(lane) : 0
    if (rate === null) return gate ? closedMs : null
    // Those that were put off have had their turn: at their moment they go next.
    const ahead = position + 1 + lane.look.delayed
    return Math.max(closedMs, (ahead * 1_000) / rate)
  }

  function rateOf(name: string, lane: Lane): number | null {
    const quota = quotaOf(name)
    const tokens = lane.rate.tokensPerStart()
    const byTokens = quota?.tokensPerSecond && tokens ? quota.tokensPerSecond / tokens : null
    const rates = [lane.rate.perSecond(), quota?.startsPerSecond ?? null, byTokens].filter((rate) => rate !== null)
    return rates.length === 0 ? null : Math.max(Math.min(...rates), 1 / 600)
  }

  function seen(name: string): (Lane & { look: LaneLook }) | null {
    const lane = lanes.get(name)
    if (!lane?.look || performance.now() - lane.lookedAt > STALE_MS) return null
    return lane as Lane & { look: LaneLook }
  }

  function expectWait(name: string, position: number): ExpectedWait | null {
    const lane = seen(name)
    const predictedMs = lane && predict(name, lane, position)
    if (lane === null || predictedMs === null) return null
    return { ...lane.calibration.expect(predictedMs), waitingFor: gateOf(lane)?.waitingFor ?? 'lane' }
  }

  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    lookAtAll()
      .catch(onError)
      .finally(() => {
        busy = false
      })
  }, everyMs)
  timer.unref()

  return {
    view(name) {
      const lane = seen(name)
      if (!lane) return null
      const { waiting, delayed, active } = lane.look
      return {
        waiting,
        delayed,
        active,
        startsPerSecond: rateOf(name, lane),
        gate: gateOf(lane),
        backlogTokens: Math.round((waiting + delayed) * (lane.rate.tokensPerStart() ?? 0)),
      }
    },
    predictedWaitMs(name) {
      const lane = seen(name)
      if (!lane) return null
      const { waiting } = lane.look
      const gate = gateOf(lane)
      if (waiting === 0 && !gate) return 0
      return expectWait(name, waiting)?.ms ?? null
    },
    expectWait,
    stop: () => clearInterval(timer),
  }
}

/** What happened between two looks. A worker that is new there, or began to count anew, is left out once. */
function sampleOf(before: LaneLook, after: LaneLook): { forMs: number; starts: number; tokens: number; busy: boolean } {
  let starts = 0
  let tokens = 0
  for (const [worker, report] of after.reports) {
    const last = before.reports.get(worker)
    if (!last || report.starts < last.starts) continue
    starts += report.starts - last.starts
    tokens += report.tokens - last.tokens
  }
  return { forMs: after.nowMs - before.nowMs, starts, tokens, busy: before.waiting > 0 && after.waiting > 0 }
}

/** Closed as long as all who serve it say so. Moments by Redis' clock. */
function gateOf({ look }: Lane): { untilMs: number; waitingFor: WaitsFor } | null {
  if (!look) return null
  let gate: { untilMs: number; waitingFor: WaitsFor } | null = null
  for (const report of look.reports.values()) {
    if (report.atMs < look.nowMs - SILENT_MS) continue
    const untilMs = report.atMs + (report.gate?.closedForMs ?? 0)
    if (!report.gate || untilMs <= look.nowMs) return null
    if (!gate || untilMs < gate.untilMs) gate = { untilMs, waitingFor: report.gate.waitingFor }
  }
  return gate
}

/** Now by Redis' clock. */
function nowOf({ look, lookedAt }: Lane): number {
  return look!.nowMs + (performance.now() - lookedAt)
}
