import { laneOf } from '@switchyard/catalog/lane-of'
import { type Consumer, createConsumer } from '@switchyard/lanes/consumer'
import type { Delivery } from '@switchyard/lanes/delivery'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import type { RedisClient } from '@switchyard/redis/connect'
import type { Upstreams } from './upstreams.ts'

export interface Pools {
  /** Opens consumers for lanes that are new, closes those that no deployment serves any more. */
  adapt(upstreams: Upstreams): Promise<void>
  /** Stops fetching; resolves when nothing is being handled. */
  stop(): Promise<void>
}

/** The consumers of this process: one for each lane that one of its usable deployments serves, or the suspect lane alone. */
export function createPools(options: {
  redis: RedisClient
  suspect: boolean
  handle: (delivery: Delivery) => Promise<Verdict>
  onError: (error: unknown) => void
}): Pools {
  const consumers = new Map<string, Consumer>()

  return {
    async adapt(upstreams) {
      const wanted = options.suspect ? new Map([[SUSPECT_LANE, 1]]) : lanesOf(upstreams)
      for (const [lane, concurrency] of wanted) {
        const existing = consumers.get(lane)
        if (existing) existing.setConcurrency(concurrency)
        else {
          consumers.set(
            lane,
            createConsumer({
              redis: options.redis,
              lane,
              concurrency,
              handle: options.handle,
              onError: options.onError,
            }),
          )
        }
      }
      const unwanted = [...consumers].filter(([lane]) => !wanted.has(lane))
      for (const [lane] of unwanted) consumers.delete(lane)
      await Promise.all(unwanted.map(([, consumer]) => consumer.stop()))
    },
    async stop() {
      await Promise.all([...consumers.values()].map((consumer) => consumer.stop()))
      consumers.clear()
    },
  }
}

/** Lane → slots in this process. */
function lanesOf({ catalog, usable }: Upstreams): Map<string, number> {
  const lanes = new Map<string, number>()
  for (const { deployment } of usable.values()) {
    const modelClass = catalog.classes.get(deployment.class)!
    lanes.set(laneOf(deployment, 'interactive'), modelClass.interactive.concurrency)
    lanes.set(laneOf(deployment, 'batch'), modelClass.batch.concurrency)
  }
  return lanes
}
