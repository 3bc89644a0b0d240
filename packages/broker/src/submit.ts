import { BrokerError } from '@switchyard/contract/broker-error'
import type { RoutedDeployment } from '@switchyard/contract/job'
import { createJob, type NewJob } from '@switchyard/jobs/create-job'
import { INLINE_BODY_BYTES } from '@switchyard/jobs/durations'
import { writeTogether } from '@switchyard/redis/coalesce-writes'
import { isClusterClient } from '@switchyard/redis/connect'
import type { Broker } from './broker.ts'
import { cancelOnceReachable } from './cancel-once-reachable.ts'
import { countAccepted } from './count-job.ts'
import { runEffectsSoon } from './run-effects.ts'
import { shareOf } from './share-of.ts'

/**
 * Accepts a job. Once this resolves the job is stored and will end, whatever happens to its delivery: an add that fails is made good
 * by the sweeper. Rejects with `service_unavailable` when Redis did not acknowledge; the outcome is unknown then, so that id is
 * cancelled as soon as Redis answers, unless it is `replayable`: then others know the id, and the next request for it makes it or attaches.
 */
export async function submit(broker: Broker, job: NewJob, options: { replayable?: boolean } = {}): Promise<void> {
  const { spec } = job
  const { lane, deployments } = spec.route.hops[0]!
  const [{ id: deployment, drop }] = deployments as [RoutedDeployment]
  const first = { deployment, ...spec.estimate, drop }
  const add = () => {
    broker.producer
      .add(lane, { jobId: spec.id, delivery: 1, first }, shareOf(spec))
      .catch((error) => broker.onError(error, 'add to a lane'))
  }
  // One server takes both in this order from one connection, so the second need not wait for the first; a delivery whose record was
  // refused is dropped by whoever claims it. A cluster's nodes know no common order.
  const together = !isClusterClient(broker.jobs.redis) && job.body.length <= INLINE_BODY_BYTES
  let created: { rowId: string } | null
  try {
    if (together) writeTogether(broker.jobs.redis)
    const creating = createJob(broker.jobs, job)
    if (together) add()
    created = await creating
  } catch (cause) {
    if (!options.replayable) cancelOnceReachable(broker, spec.id)
    throw new BrokerError('service_unavailable', 'The job store did not acknowledge the job. Try again.', {
      retryAfterMs: 1_000,
      cause,
    })
  }
  if (!together) add()
  if (!created) return
  countAccepted(broker, spec)
  runEffectsSoon(broker, { rowId: created.rowId, jobId: spec.id, attempt: 0, ended: false }, spec, null)
}
