import { laneOf } from '@switchyard/catalog/lane-of'
import { type Consumer, createConsumer } from '@switchyard/lanes/consumer'
import type { Delivery } from '@switchyard/lanes/delivery'
import { parseLaneName, SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import type { RedisClient } from '@switchyard/redis/connect'
import { startBatchShare } from './batch-share.ts'
import { createLaneGate, type GateState, type LaneGate, type Passage } from './lane-gate.ts'
import { createTurnstile } from './turnstile.ts'
import type { Upstreams } from './upstreams.ts'

export interface Pools {
  /** Opens consumers for lanes that are new, closes those that no deployment serves any more. */
  adapt(upstreams: Upstreams): Promise<void>
  /** A call of this deployment has ended. */
  freed(deployment: string): void
  /** Each lane that is served here, with why it is not fetched from just now. */
  gates(): Map<string, GateState | null>
  /**
   * To be awaited between the steps of a batch's job. As long as somebody waits for answers of this process they are spread:
   * lines that begin and end in step would hold up everything beside them.
   */
  giveWay(): Promise<void>
  /** Stops fetching; resolves when nothing is being handled. */
  stop(): Promise<void>
}

/** The consumers of this process: one for each lane that one of its usable deployments serves, or the suspect lane alone. */
export function createPools(options: {
  redis: RedisClient
  suspect: boolean
  handle: (delivery: Delivery, passage: Passage) => Promise<Verdict>
  /** How long the minute of the limits is, ms. */
  minuteMs?: number
  onError: (error: unknown) => void
  /** How much of its time this process worked since it was last asked, 0 to 1; by its event loop, unless told otherwise. */
  busy?: () => number
}): Pools {
  const pools = new Map<string, Pool>()
  const share = startBatchShare(shareSlots, options.busy)
  const turnstile = createTurnstile()

  async function giveWay(): Promise<void> {
    if (share.isAwaited()) await turnstile.pass()
  }

  function shareSlots(): void {
    for (const { consumer, slots, isBatch } of pools.values()) {
      const wanted = isBatch ? share.of(slots) : slots
      if (consumer.health().concurrency !== wanted) consumer.setConcurrency(wanted)
    }
  }

  function open(lane: string, { concurrency, deployments }: Serving): Pool {
    const isBatch = parseLaneName(lane)?.tier === 'batch'
    const gate = createLaneGate({
      batch: isBatch,
      minuteMs: options.minuteMs,
      allow: (deliveries) => consumer.allow(deliveries),
    })
    const consumer = createConsumer({
      redis: options.redis,
      lane,
      concurrency: isBatch ? share.of(concurrency) : concurrency,
      async handle(delivery) {
        const passage = gate.enter(delivery.jobId)
        // What comes from the other lanes is what somebody waits for.
        const ended = isBatch ? null : share.began()
        if (isBatch) await giveWay()
        try {
          return await options.handle(delivery, passage)
        } finally {
          passage.left()
          ended?.()
        }
      },
      onError: options.onError,
    })
    gate.setDeployments(deployments)
    return { consumer, gate, slots: concurrency, isBatch }
  }

  function close({ consumer, gate }: Pool): Promise<void> {
    gate.stop()
    return consumer.stop()
  }

  return {
    async adapt(upstreams) {
      const wanted = options.suspect ? SUSPECT : lanesOf(upstreams)
      for (const [lane, serving] of wanted) {
        const existing = pools.get(lane)
        if (existing) {
          existing.slots = serving.concurrency
          existing.gate.setDeployments(serving.deployments)
        } else pools.set(lane, open(lane, serving))
      }
      shareSlots()
      const unwanted = [...pools].filter(([lane]) => !wanted.has(lane))
      for (const [lane] of unwanted) pools.delete(lane)
      await Promise.all(unwanted.map(([, pool]) => close(pool)))
    },
    freed(deployment) {
      for (const { gate } of pools.values()) gate.freed(deployment)
    },
    giveWay,
    gates: () => new Map(Array.from(pools, ([lane, { gate }]) => [lane, gate.state()])),
    async stop() {
      share.stop()
      await Promise.all([...pools.values()].map(close))
      pools.clear()
    },
  }
}

/** How a lane is served in this process. */
interface Serving {
  /** Slots. */
  concurrency: number
  deployments: string[]
}

interface Pool {
  consumer: Consumer
  gate: LaneGate
  /** What the class gives it; a batch lane uses its share of them. */
  slots: number
  isBatch: boolean
}

/** Its jobs are anybody's, one at a time: no deployment stands for the lane. */
const SUSPECT: ReadonlyMap<string, Serving> = new Map([[SUSPECT_LANE, { concurrency: 1, deployments: [] }]])

function lanesOf({ catalog, usable }: Upstreams): Map<string, Serving> {
  const lanes = new Map<string, Serving>()
  for (const { deployment } of usable.values()) {
    const modelClass = catalog.classes.get(deployment.class)!
    for (const tier of ['interactive', 'batch'] as const) {
      const lane = laneOf(deployment, tier)
      const serving = lanes.get(lane) ?? { concurrency: 0, deployments: [] }
      serving.concurrency = modelClass[tier].concurrency
      serving.deployments.push(deployment.name)
      lanes.set(lane, serving)
    }
  }
  return lanes
}
