import { setTimeout as delay } from 'node:timers/promises'
import type { OutboxRow } from '@switchyard/contract/effects'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import { acknowledgeCommands } from '@switchyard/jobs/outbox'
import { readJobs } from '@switchyard/jobs/read-job'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Broker } from './broker.ts'
import { type EndedJob, endedJob } from './ended-job.ts'
import { effectsOf, type Owed } from './owed-effects.ts'
import { recordLines, tellProjects } from './tell-ends.ts'

/** Bounds how long one script of one project or deployment keeps Redis busy. */
const ROWS_PER_FLUSH = 100

/**
 * Rows of which everything is done are struck off together, so that a partition's come in one command. Far less than the 5 s after
 * which others look at a row; what a process that dies had not struck off is done again, which changes nothing.
 */
const ACKNOWLEDGE_AFTER_MS = 500
const ACKNOWLEDGE_ROWS = 1_000

/** What a job's acceptance owes may wait while the job gets its first token: Redis does one thing at a time. */
const ACCEPTANCE_WAITS_MS = 5

/** What one broker has to do, and has done. */
interface Effects {
  waiting: Owed[]
  flushed: Promise<void> | null
  done: OutboxRow[]
  timer: NodeJS.Timeout | null
}

const effects = new WeakMap<Broker, Effects>()

/**
 * Does what a transition just owed, in the background of the caller. What fails, or dies with this process, is left in the outbox:
 * `runOutbox` does it after 5 s.
 */
export function runEffectsSoon(
  broker: Broker,
  row: OutboxRow,
  spec: JobSpec,
  attempt: Attempt | null,
  end: EndedJob | null = null,
): void {
  let own = effects.get(broker)
  if (!own) {
    own = { waiting: [], flushed: null, done: [], timer: null }
    effects.set(broker, own)
  }
  own.waiting.push({ row, spec, attempt, end })
  own.flushed ??= startFlush(broker, own, attempt === null && end === null ? ACCEPTANCE_WAITS_MS : 0)
}

/** Resolves when nothing is being done, or after `patienceMs`: what is left then is done from the outbox. For a process that ends. */
export async function effectsDone(broker: Broker, patienceMs: number): Promise<void> {
  const own = effects.get(broker)
  if (!own) return
  const finish = async () => {
    await own.flushed
    await acknowledge(broker, own)
  }
  await Promise.race([finish(), delay(patienceMs, undefined, { ref: false })])
}

function startFlush(broker: Broker, own: Effects, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const start = () => void flush(broker, own).then(resolve)
    if (waitMs > 0) setTimeout(start, waitMs)
    else setImmediate(start)
  })
}

/** One pipeline at a time takes all that has come meanwhile: it batches by itself under load. */
async function flush(broker: Broker, own: Effects): Promise<void> {
  while (own.waiting.length > 0) {
    const batch = own.waiting.splice(0, ROWS_PER_FLUSH)
    try {
      own.done.push(...(await execute(broker, batch)))
    } catch (error) {
      broker.onError(error, 'run effects')
    }
    if (own.done.length >= ACKNOWLEDGE_ROWS) await acknowledge(broker, own)
  }
  own.flushed = null
  if (own.done.length > 0) own.timer ??= setTimeout(() => void acknowledge(broker, own), ACKNOWLEDGE_AFTER_MS).unref()
}

/** Never rejects: a row that stays is done again from the outbox. */
async function acknowledge(broker: Broker, own: Effects): Promise<void> {
  if (own.timer) clearTimeout(own.timer)
  own.timer = null
  const rows = own.done.splice(0)
  try {
    await pipelineBySlot(broker.jobs.redis, acknowledgeCommands(rows))
  } catch (error) {
    broker.onError(error, 'acknowledge effects')
  }
}

/**
 * Carries out what rows owe. Every receiver deduplicates by effect id, so doing it again is harmless. Gives the rows of which
 * everything is done.
 */
async function execute(broker: Broker, batch: Owed[]): Promise<OutboxRow[]> {
  const due = effectsOf(broker, batch)
  const failed = new Set<Owed>()
  const [replies] = await Promise.all([
    pipelineBySlot(
      broker.jobs.redis,
      due.map(({ command }) => command),
    ),
    tellProjects(broker, batch, failed),
  ])
  replies.forEach(({ error }, i) => {
    if (!error) {
      due[i]!.done?.()
      return
    }
    broker.onError(error, 'run effects')
    for (const owed of due[i]!.owed) failed.add(owed)
  })
  await recordLines(broker, batch, failed)
  const done: OutboxRow[] = []
  for (const owed of batch) if (!failed.has(owed)) done.push(owed.row)
  return done
}

/** Does what others have left undone. Rows whose record is gone owe nothing any more. */
export async function runOutbox(broker: Broker, rows: OutboxRow[]): Promise<void> {
  const records = await readJobs(
    broker.jobs,
    rows.map(({ jobId }) => jobId),
  )
  const owed = await Promise.all(
    rows.map(async (row, i): Promise<Owed> => {
      const record = records[i]
      const attempt = record?.attempts.find(({ number }) => number === row.attempt) ?? null
      return {
        row,
        spec: record?.spec ?? null,
        attempt,
        end: record && row.ended ? await endedJob(broker, record) : null,
      }
    }),
  )
  const done: OutboxRow[] = []
  for (let i = 0; i < owed.length; i += ROWS_PER_FLUSH) {
    done.push(...(await execute(broker, owed.slice(i, i + ROWS_PER_FLUSH))))
  }
  await pipelineBySlot(broker.jobs.redis, acknowledgeCommands(done))
}
