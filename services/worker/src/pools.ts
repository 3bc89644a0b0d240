import { laneOf } from '@switchyard/catalog/lane-of'
import { type Consumer, createConsumer } from '@switchyard/lanes/consumer'
import type { Delivery } from '@switchyard/lanes/delivery'
import { parseLaneName, SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import type { RedisClient } from '@switchyard/redis/connect'
import { startBatchShare } from './batch-share.ts'
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
  /** How much of its time this process worked since it was last asked, 0 to 1; by its event loop, unless told otherwise. */
  busy?: () => number
}): Pools {
  const consumers = new Map<string, Consumer>()
  let slots = new Map<string, number>()
  const share = startBatchShare(shareSlots, options.busy)

  function slotsOf(lane: string): number {
    const all = slots.get(lane) ?? 1
    return isBatch(lane) ? share.of(all) : all
  }

  function shareSlots(): void {
    for (const [lane, consumer] of consumers) {
      const wanted = slotsOf(lane)
      if (consumer.health().concurrency !== wanted) consumer.setConcurrency(wanted)
    }
  }

  /** What comes from the other lanes is what somebody waits for. */
  function handlerOf(lane: string): typeof options.handle {
    if (isBatch(lane)) return options.handle
    return async (delivery) => {
      const ended = share.began()
      try {
        return await options.handle(delivery)
      } finally {
        ended()
      }
    }
  }

  return {
    async adapt(upstreams) {
      slots = options.suspect ? new Map([[SUSPECT_LANE, 1]]) : lanesOf(upstreams)
      for (const lane of slots.keys()) {
        const existing = consumers.get(lane)
        if (existing) existing.setConcurrency(slotsOf(lane))
        else {
          consumers.set(
            lane,
            createConsumer({
              redis: options.redis,
              lane,
              concurrency: slotsOf(lane),
              handle: handlerOf(lane),
              onError: options.onError,
            }),
          )
        }
      }
      const unwanted = [...consumers].filter(([lane]) => !slots.has(lane))
      for (const [lane] of unwanted) consumers.delete(lane)
      await Promise.all(unwanted.map(([, consumer]) => consumer.stop()))
    },
    async stop() {
      share.stop()
      await Promise.all([...consumers.values()].map((consumer) => consumer.stop()))
      consumers.clear()
    },
  }
}

function isBatch(lane: string): boolean {
  return parseLaneName(lane)?.tier === 'batch'
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
