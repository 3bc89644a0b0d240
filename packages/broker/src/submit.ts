import { BrokerError } from '@switchyard/contract/broker-error'
import { createJob, type NewJob } from '@switchyard/jobs/create-job'
import type { Broker } from './broker.ts'
import { cancelOnceReachable } from './cancel-once-reachable.ts'
import { runEffectsSoon } from './run-effects.ts'

/**
 * Accepts a job. Once this resolves the job is stored and will end, whatever happens to its delivery: an add that fails is made good
 * by the sweeper. Rejects with `service_unavailable` when Redis did not acknowledge; the outcome is unknown then, so that id is
 * cancelled as soon as Redis answers.
 */
export async function submit(broker: Broker, job: NewJob): Promise<void> {
  const { spec } = job
  let created: { rowId: string } | null
  try {
    created = await createJob(broker.jobs, job)
  } catch (cause) {
    cancelOnceReachable(broker, spec.id)
    throw new BrokerError('service_unavailable', 'The job store did not acknowledge the job. Try again.', {
      retryAfterMs: 1_000,
      cause,
    })
  }
  broker.producer
    .add(spec.route.hops[0]!.lane, { jobId: spec.id, delivery: 1 })
    .catch((error) => broker.onError(error, 'add to a lane'))
  if (created) runEffectsSoon(broker, { rowId: created.rowId, jobId: spec.id, attempt: 0 }, spec, null)
}
