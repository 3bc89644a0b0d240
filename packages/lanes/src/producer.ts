import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import { createRedisBackend, type IQueueBackend } from 'bullmq'
import { type Delivery, deliveryData, deliveryId } from './delivery.ts'
import { type LaneDepth, readDepth } from './depth.ts'
import { LANE_PREFIX, type LaneKeys, laneKeys, queueName } from './keys.ts'
import { MAX_EVENTS, MAX_EVENTS_FIELD } from './lane-meta.ts'
import { findMissing } from './missing.ts'
import { readPosition } from './position.ts'
import { clampPriority, DEFAULT_PRIORITY } from './priority.ts'

export interface AddOptions {
  /** 1 … 2,097,151, the lowest first; DEFAULT_PRIORITY when not given. */
  priority?: number
  /** Not to be fetched before so many ms from now. */
  delayMs?: number
}

/** Puts deliveries into lanes. Every method rejects with a BrokerError `service_unavailable` when Redis does not answer. */
export interface Producer {
  /**
   * Idempotent by the delivery's id, for as long as the lane holds it. One round trip, one script.
   * A rejected add is an unknown outcome: it is safe to repeat.
   */
  add(lane: string, delivery: Delivery, options?: AddOptions): Promise<void>
  /** Which of these are in no set of the lane. Clears what is left of them, so that an add works again. */
  missing(lane: string, deliveries: readonly Delivery[]): Promise<Delivery[]>
  /** Takes a delivery out that nobody holds. Best effort: a held one stays. */
  remove(lane: string, delivery: Delivery): Promise<void>
  depth(lane: string): Promise<LaneDepth>
  /** How many deliveries go before this one, 0 for the next; null when it does not wait. */
  position(lane: string, delivery: Delivery): Promise<number | null>
  stop(): Promise<void>
}

interface LaneHandle {
  keys: LaneKeys
  backend: IQueueBackend
}

/**
 * All lanes share the given connection, which is never closed here.
 *
 * Deliveries are added through BullMQ's backend, not its Queue: 22 µs of our CPU for each add instead of 31, and since the
 * hash keeps no options but the priority Redis stores it as a listpack, in 216 bytes instead of 784 (options over 64 bytes
 * make it a hash table). What a Queue would set per job, attempts and removal, is the consumer's setting.
 */
export function createProducer({ redis, prefix = LANE_PREFIX }: { redis: RedisClient; prefix?: string }): Producer {
  const root = createRedisBackend(queueName('-'), connectionOptions(redis, prefix))
  // Whoever made the connection hears of its errors; an emitter without a listener would throw them.
  root.on('error', () => {})
  const lanes = new Map<string, LaneHandle>()

  function laneOf(lane: string): LaneHandle {
    let handle = lanes.get(lane)
    if (!handle) {
      handle = { keys: laneKeys(lane, prefix), backend: root.forQueue(queueName(lane), prefix) }
      lanes.set(lane, handle)
      // Sent ahead of the first add, not waited for; a lane that misses it is corrected by the next `missing`.
      handle.backend.setQueueMeta({ [MAX_EVENTS_FIELD]: MAX_EVENTS }).catch(() => lanes.delete(lane))
    }
    return handle
  }

  return {
    async add(lane, delivery, options = {}) {
      const id = deliveryId(delivery)
      const priority = clampPriority(options.priority ?? DEFAULT_PRIORITY)
      const delay = Math.max(0, Math.ceil(options.delayMs ?? 0))
      await confirmed(
        laneOf(lane).backend.addJob(
          {
            id,
            name: 'd',
            data: deliveryData(delivery),
            opts: delay > 0 ? { priority, delay } : { priority },
            timestamp: Date.now(),
            progress: 0,
            attemptsMade: 0,
            attemptsStarted: 0,
            stalledCounter: 0,
            failedReason: '',
            returnvalue: '',
          },
          id,
        ),
      )
    },
    missing: (lane, deliveries) => confirmed(findMissing(redis, laneOf(lane).keys, deliveries)),
    async remove(lane, delivery) {
      await confirmed(laneOf(lane).backend.remove(deliveryId(delivery), false))
    },
    depth: (lane) => confirmed(readDepth(redis, laneOf(lane).keys)),
    position: (lane, delivery) => confirmed(readPosition(redis, laneOf(lane).keys, delivery)),
    stop: () => root.close(),
  }
}

function connectionOptions(redis: RedisClient, prefix: string) {
  return { connection: redis, prefix, skipVersionCheck: true, skipWaitingForReady: true }
}

async function confirmed<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new BrokerError('service_unavailable', 'Redis did not confirm what was asked of a lane', {
      retryAfterMs: 1_000,
      cause,
    })
  }
}
