import { settle } from '@switchyard/broker/settle'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Closing } from './close-attempt.ts'
import { makeHedgedCall } from './hedge.ts'
import type { Hold } from './hold.ts'
import { keepTrying } from './keep-trying.ts'
import { type EndedCall, makeCall, type Question } from './make-call.ts'
import { openAttempt } from './open-attempt.ts'
import type { WorkerContext } from './worker-context.ts'

export type ClosedAttempt =
  /** The job has ended, or is no longer ours. */
  | { kind: 'settled' }
  /** What follows is `catalog/outcome`'s to decide. `ending` is null when no call was begun (no capacity, no such deployment). */
  | {
      kind: 'failed'
      deployment: string
      /** Under which its capacity was, or would have been, reserved. */
      lease: string
      failure: AttemptFailure
      ending: Closing | null
    }

/**
 * One attempt as a pipeline: open it (its deployment, its capacity, its row), make its call, and settle the job with the answer. A
 * failure is handed back as a value.
 */
export async function runAttempt(
  worker: WorkerContext,
  hold: Hold,
  deployment: string,
  question: Question,
): Promise<ClosedAttempt> {
  const opened = await openAttempt(worker, hold, deployment)
  if (opened.kind === 'lost') return { kind: 'settled' }
  if (opened.kind === 'refused') {
    return { kind: 'failed', deployment, lease: opened.id, failure: opened.failure, ending: null }
  }
  const call = await (hold.spec.hedge ? makeHedgedCall : makeCall)(worker, hold, opened.open, question)
  if (call.failure) return failed(call, call.failure)
  if (await settleAnswer(worker, hold, call)) return { kind: 'settled' }
  // A newer owner or a cancel was first. Nothing of the answer counts, its bill does.
  hold.stop('ended')
  return failed(call, { class: 'cancelled', message: 'the job had ended or moved on', status: null })
}

/** The job ends with this answer. False: it had ended, or is no longer ours. */
async function settleAnswer(
  worker: WorkerContext,
  hold: Hold,
  { open, sink, result, body, ending }: EndedCall,
): Promise<boolean> {
  sink.flushHeld()
  // The end leaves right behind the last lines; it is refused as long as they are not in the log.
  void hold.log?.flushNow()
  if (hold.log?.refused) return false
  const settled = await keepTrying(hold, () =>
    settle(
      worker.broker,
      hold.spec,
      { fence: hold.fence, log: hold.log },
      {
        status: 'completed',
        failure: null,
        body,
        terminal: result.ok ? result.terminal : null,
        attempt: { number: open.beginning.number, ending },
      },
      hold.attempts,
    ),
  )
  return settled !== null
}

function failed({ open, ending }: EndedCall, failure: AttemptFailure): ClosedAttempt {
  const { id: lease, beginning } = open
  const { deployment, number } = beginning
  return { kind: 'failed', deployment, lease, failure, ending: { number, beginning, ending } }
}
