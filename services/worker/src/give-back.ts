import type { Deployment } from '@switchyard/catalog/catalog'
import { hasLimits } from '@switchyard/limits/limit-config'
import { reconcile } from '@switchyard/limits/reconcile'
import type { WorkerContext } from './worker-context.ts'

/** What was reserved of a deployment is free again: no call is made with it after all. */
export async function giveBack(worker: WorkerContext, { name, limits }: Deployment, lease: string): Promise<void> {
  const { jobs, limiterClock } = worker.broker
  if (hasLimits(limits)) await reconcile(jobs.redis, name, limits, lease, null, limiterClock)
}
