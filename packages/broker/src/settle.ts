import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import type { JobSummary } from '@switchyard/jobs/live-frame'
import { type Ending, type Settled, type SettleGuard, settleJob } from '@switchyard/jobs/settle-job'
import type { Broker } from './broker.ts'
import { countEnded } from './count-job.ts'
import { runEffectsSoon } from './run-effects.ts'

/**
 * Ends a job, shows the end to its readers, and does what it owes. null when it had ended before (the first status wins).
 * `attempts` are all attempts of the job as they are after this, the closed one included.
 */
export async function settle(
  broker: Broker,
  spec: JobSpec,
  guard: SettleGuard,
  ending: Ending,
  attempts: Attempt[],
): Promise<Settled | null> {
  const summary = summarize(ending, attempts)
  const settled = await settleJob(broker.jobs, spec, guard, { ...ending, summary })
  if (!settled) return null
  if (!settled.shown) {
    // What the record holds rides on the frame, so that a waiting ingress need not read it.
    const body = settled.resultBlob === null ? ending.body : null
    const note = { end: summary, ...(body === null ? {} : { body }) }
    broker.publisher.show({ jobId: spec.id, fence: settled.fence, entry: settled.entry, note }, settled.readers)
  }
  const closed = attempts.find(({ number }) => number === ending.attempt?.number)
  const row = { rowId: settled.rowId, jobId: spec.id, attempt: closed?.number ?? 0, ended: true }
  const { status, failure } = ending
  countEnded(broker, spec, { status, settledAtMs: settled.settledAtMs, attempts })
  runEffectsSoon(broker, row, spec, closed ?? null, {
    spec,
    status,
    failure,
    endedAtMs: settled.settledAtMs,
    attempts,
    body: ending.body ?? '',
    resultBlob: settled.resultBlob,
  })
  return settled
}

function summarize(ending: Ending, attempts: Attempt[]): JobSummary {
  const answering = answeringAttempt(attempts)
  let costNanoUsd: number | null = 0
  for (const attempt of attempts) {
    costNanoUsd = costNanoUsd === null || attempt.costNanoUsd === null ? null : costNanoUsd + attempt.costNanoUsd
  }
  return {
    status: ending.status,
    attempts: attempts.length,
    deployment: answering?.deployment ?? null,
    simulated: answering?.simulated ?? false,
    dropped: answering?.dropped ?? [],
    costNanoUsd,
    failure: ending.failure,
  }
}
