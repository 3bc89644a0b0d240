import { expire } from '@switchyard/broker/expire'
import { quarantine } from '@switchyard/broker/quarantine'
import { settle } from '@switchyard/broker/settle'
import { BrokerError, failure } from '@switchyard/contract/broker-error'
import { timeOfJobId } from '@switchyard/contract/ids'
import { advanceJob } from '@switchyard/jobs/advance-job'
import { readJob } from '@switchyard/jobs/read-job'
import { releaseJob } from '@switchyard/jobs/release-job'
import type { Delivery } from '@switchyard/lanes/delivery'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import { abandonHeadStart, checkHeadStart, claimAhead } from './head-start.ts'
import { Hold } from './hold.ts'
import type { Passage } from './lane-gate.ts'
import { runJob } from './run-job.ts'
import type { WorkerContext } from './worker-context.ts'

const DONE: Verdict = { kind: 'done' }

/** What a consumer does with one delivery: claims the job (and begins it by the way) and runs it, or does what the record says instead. */
export async function runDelivery(worker: WorkerContext, delivery: Delivery, passage: Passage): Promise<Verdict> {
  const { broker } = worker
  const { verdict, headStart } = await claimAhead(worker, delivery, passage.batch)
  switch (verdict.kind) {
    case 'drop':
      return DONE
    case 'unknown':
      return isFresh(delivery.jobId) ? { kind: 'delay', untilMs: Date.now() + RECORD_LATE_MS } : DONE
    case 'held':
    case 'early':
      return { kind: 'delay', untilMs: Date.now() + verdict.inMs }
    case 'expired':
    case 'quarantine':
    case 'suspect': {
      const record = await readJob(broker.jobs, delivery.jobId)
      if (!record) return DONE
      if (verdict.kind === 'expired') await expire(broker, record)
      else if (verdict.kind === 'quarantine') await quarantine(broker, record)
      else await isolate(worker, delivery, record.hop)
      return DONE
    }
    case 'claimed': {
      const hold = new Hold(verdict.claim, headStart, passage)
      worker.holds.add(hold)
      try {
        await checkHeadStart(worker, hold)
        return await runJob(worker, hold)
      } catch (error) {
        return await handBack(worker, hold, error)
      } finally {
        hold.log?.abandon()
        worker.holds.remove(hold)
      }
    }
  }
}

const RECORD_LATE_MS = 50
const FRESH_MS = 10_000

/** Record and delivery leave ingress side by side; after a restart of Redis the record's script is sent a second time, and late. */
function isFresh(jobId: string): boolean {
  return Math.abs(Date.now() - timeOfJobId(jobId)) < FRESH_MS
}

const AFTER_ERROR_MS = 1_000

/**
 * Something failed that no outcome knows. What may pass (Redis answers with errors, a full disk) sends the job back to its lane,
 * without a crash counted; a bug of ours ends it, because it would happen again. Should even that fail, its lease ends and the
 * sweeper finds it.
 */
async function handBack(worker: WorkerContext, hold: Hold, error: unknown): Promise<Verdict> {
  const { jobs, onError } = worker.broker
  onError(error, 'run a job')
  try {
    await abandonHeadStart(worker, hold)
    if (!mayPass(error)) {
      const reason = failure('internal_error', 'An error of the broker ended this job.')
      await settle(
        worker.broker,
        hold.spec,
        { fence: hold.fence },
        { status: 'failed', failure: reason, body: null },
        hold.attempts,
      )
      return DONE
    }
    const notBeforeMs = hold.nowMs + AFTER_ERROR_MS
    const { released } = await releaseJob(jobs, hold.jobId, { fence: hold.fence, notBeforeMs })
    if (!released) return DONE
  } catch (again) {
    onError(again, 'hand a job back')
  }
  return { kind: 'delay', untilMs: Date.now() + AFTER_ERROR_MS }
}

/** Errors of Redis and of the operating system; anything else is ours. */
function mayPass(error: unknown): boolean {
  if (BrokerError.is(error)) return error.code === 'service_unavailable'
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string }
  return (
    name === 'ReplyError' || typeof code === 'string' || /connection|command (aborted|timed out)/i.test(message ?? '')
  )
}

/** Two workers vanished with it: from now on it runs alone. */
async function isolate(worker: WorkerContext, delivery: Delivery, hop: number): Promise<void> {
  const { jobs, producer } = worker.broker
  const next = await advanceJob(jobs, delivery.jobId, {
    delivery: delivery.delivery,
    hop,
    lane: SUSPECT_LANE,
    fence: null,
  })
  if (next) await producer.add(SUSPECT_LANE, { jobId: delivery.jobId, delivery: next.delivery }, 'next')
}
