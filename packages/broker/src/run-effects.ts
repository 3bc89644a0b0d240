import { setTimeout as delay } from 'node:timers/promises'
import { indexCommand } from '@switchyard/accounts/job-index'
import { ledgerCommand } from '@switchyard/accounts/ledger'
import type { OutboxRow } from '@switchyard/contract/effects'
import { attemptId } from '@switchyard/contract/ids'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import { acknowledgeCommands } from '@switchyard/jobs/outbox'
import { readJobs } from '@switchyard/jobs/read-job'
import { hasLimits } from '@switchyard/limits/limit-config'
import { reconcileCommands } from '@switchyard/limits/reconcile'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Broker } from './broker.ts'

interface Owed {
  row: OutboxRow
  commands: Command[]
}

/** Effects that wait for the flush under way to come back; see `flush`. */
const waiting = new WeakMap<Broker, Owed[]>()
const flushing = new WeakMap<Broker, Promise<void>>()

/** What a job's acceptance owes may wait while the job gets its first token: Redis does one thing at a time. */
const ACCEPTANCE_WAITS_MS = 5

/**
 * Does what a transition just owed, in the background of the caller. What fails, or dies with this process, is left in the outbox:
 * `runOutbox` does it after 5 s.
 */
export function runEffectsSoon(broker: Broker, row: OutboxRow, spec: JobSpec, attempt: Attempt | null): void {
  const owed = { row, commands: commandsOf(broker, row, spec, attempt) }
  const queue = waiting.get(broker)
  if (queue) {
    queue.push(owed)
    return
  }
  waiting.set(broker, [owed])
  const flushed = new Promise<void>((resolve) => {
    const start = () => void flush(broker).then(resolve)
    if (attempt === null) setTimeout(start, ACCEPTANCE_WAITS_MS)
    else setImmediate(start)
  })
  flushing.set(broker, flushed)
}

/** Resolves when nothing is being done, or after `patienceMs`: what is left then is done from the outbox. For a process that ends. */
export async function effectsDone(broker: Broker, patienceMs: number): Promise<void> {
  await Promise.race([flushing.get(broker), delay(patienceMs, undefined, { ref: false })])
}

/** One pipeline at a time takes all that has come meanwhile, with the acknowledgements of the one before: it batches by itself under load. */
async function flush(broker: Broker): Promise<void> {
  let done: OutboxRow[] = []
  for (;;) {
    const batch = waiting.get(broker)!
    if (batch.length === 0 && done.length === 0) break
    waiting.set(broker, [])
    try {
      done = await execute(broker, batch, done)
    } catch (error) {
      done = []
      broker.onError(error, 'run effects')
    }
  }
  waiting.delete(broker)
  flushing.delete(broker)
}

/**
 * Carries out what rows owe and strikes off those that are done already. Every receiver deduplicates by effect id, so doing it again
 * is harmless. Gives the rows of which everything is done.
 */
async function execute(broker: Broker, batch: Owed[], done: OutboxRow[]): Promise<OutboxRow[]> {
  const acknowledgements = acknowledgeCommands(done)
  const replies = await pipelineBySlot(broker.jobs.redis, [
    ...acknowledgements,
    ...batch.flatMap(({ commands }) => commands),
  ])
  let at = acknowledgements.length
  return batch.flatMap(({ row, commands }) => {
    const failed = replies.slice(at, at + commands.length).find(({ error }) => error !== null)
    at += commands.length
    if (!failed) return [row]
    broker.onError(failed.error, 'run effects')
    return []
  })
}

function commandsOf(broker: Broker, row: OutboxRow, spec: JobSpec, attempt: Attempt | null): Command[] {
  if (row.attempt === 0) {
    return [indexCommand({ project: spec.project, jobId: spec.id, createdAtMs: spec.createdAtMs })]
  }
  if (!attempt) return []
  const id = attemptId(spec.id, attempt.number)
  const limits = broker.limitsOf(attempt.deployment)
  const ledger = ledgerCommand({
    effectId: `${id}.ledger`,
    project: spec.project,
    apiKey: spec.apiKey,
    jobId: spec.id,
    attempt,
    endpoint: spec.endpoint,
    model: spec.model,
    tags: spec.tags,
    atMs: attempt.startedAtMs + (attempt.durationMs ?? 0),
  })
  if (!limits || !hasLimits(limits)) return [ledger]
  return [ledger, ...reconcileCommands(attempt.deployment, limits, [{ lease: id, actual: attempt.usage }])]
}

/** Does what others have left undone. Rows whose record is gone owe nothing any more. */
export async function runOutbox(broker: Broker, rows: OutboxRow[]): Promise<void> {
  const records = await readJobs(
    broker.jobs,
    rows.map(({ jobId }) => jobId),
  )
  const owed = rows.map((row, i): Owed => {
    const record = records[i]
    if (!record) return { row, commands: [] }
    const attempt = record.attempts.find(({ number }) => number === row.attempt) ?? null
    return { row, commands: commandsOf(broker, row, record.spec, attempt) }
  })
  const done = await execute(broker, owed, [])
  await pipelineBySlot(broker.jobs.redis, acknowledgeCommands(done))
}
