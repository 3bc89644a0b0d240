import { type CallRecorder, startCallRecorder } from '@switchyard/health/call-recorder'
import { type HealthWatch, startHealthWatch } from '@switchyard/health/watch'
import type { RedisClient } from '@switchyard/redis/connect'
import { createRetryBudget, type RetryBudget } from './retry-budget.ts'
import type { Upstreams } from './upstreams.ts'

/** What this process knows of deployments' health, and what it tells the fleet of it. */
export interface WorkerHealth {
  redis: RedisClient
  watch: HealthWatch
  recorder: CallRecorder
  budget: RetryBudget
  stop(): Promise<void>
}

/** Resolves once health has been read. `subscriber` may listen on other channels as well. */
export async function startWorkerHealth(options: {
  redis: RedisClient
  subscriber: RedisClient
  upstreams: () => Upstreams
  onError: (error: unknown) => void
}): Promise<WorkerHealth> {
  const { redis, subscriber, upstreams, onError } = options
  const providerOf = (deployment: string) => upstreams().catalog.deployments.get(deployment)?.provider.name
  const mayFail = (deployment: string) => upstreams().catalog.deployments.get(deployment)?.breaker.failures ?? 0
  const watch = startHealthWatch({ redis, subscriber, providerOf, onError })
  const recorder = startCallRecorder({ redis, onError })
  await watch.ready
  return {
    redis,
    watch,
    recorder,
    // Each of the failures that open a breaker may be made good by a second try and by another deployment.
    budget: createRetryBudget((deployment) => 2 * mayFail(deployment)),
    async stop() {
      await Promise.all([watch.stop(), recorder.stop()])
    },
  }
}
