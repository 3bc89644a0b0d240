import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import { addDelivery } from './add-delivery.ts'
import type { Delivery } from './delivery.ts'
import { type LaneDepth, readDepth } from './depth.ts'
import { LANE_PREFIX, type LaneKeys, laneKeys } from './keys.ts'
import { MAX_EVENTS, MAX_EVENTS_FIELD } from './lane-meta.ts'
import { findMissing } from './missing.ts'
import { readPositions } from './position.ts'
import { removeDelivery } from './remove-delivery.ts'
import type { Share, Turn } from './turn.ts'
import { readTurnPosition } from './turn-position.ts'

/** Puts deliveries into lanes. Every method rejects with a BrokerError `service_unavailable` when Redis does not answer. */
export interface Producer {
  /**
   * Idempotent by the delivery's id, for as long as the lane holds it. One round trip, one script.
   * A rejected add is an unknown outcome: it is safe to repeat.
   */
  add(lane: string, delivery: Delivery, turn: Turn): Promise<void>
  /** Which of these are in no set of the lane. Clears what is left of them, so that an add works again. */
  missing(lane: string, deliveries: readonly Delivery[]): Promise<Delivery[]>
  /** Takes a delivery out that nobody holds, added with this share. Best effort: a held one stays. */
  remove(lane: string, delivery: Delivery, share: Share): Promise<void>
  depth(lane: string): Promise<LaneDepth>
  /** How many deliveries go before this one, 0 for the next; null when it does not wait. */
  position(lane: string, delivery: Delivery): Promise<number | null>
  /** The same for many of any lanes, in one pipeline. */
  positions(asked: readonly { lane: string; delivery: Delivery }[]): Promise<(number | null)[]>
  /** How many deliveries would go before one that is added now. */
  turnPosition(lane: string, share: Share): Promise<number>
}

/**
 * All lanes share the given connection, which is never closed here.
 *
 * Deliveries are added by a script of ours, not through BullMQ's Queue: half of the CPU of a job's whole way, and since the
 * hash keeps no options but the priority Redis stores it as a listpack, in 216 bytes instead of 784 (options over 64 bytes
 * make it a hash table). What a Queue would set per job, attempts and removal, is the consumer's setting.
 */
export function createProducer({ redis, prefix = LANE_PREFIX }: { redis: RedisClient; prefix?: string }): Producer {
  const lanes = new Map<string, LaneKeys>()

  function keysOf(lane: string): LaneKeys {
    let keys = lanes.get(lane)
    if (!keys) {
      keys = laneKeys(lane, prefix)
      lanes.set(lane, keys)
      // Sent ahead of the first add, not waited for; a lane that misses it is corrected by the next `missing`.
      redis.hset(keys.meta, MAX_EVENTS_FIELD, MAX_EVENTS).catch(() => lanes.delete(lane))
    }
    return keys
  }

  return {
    add: (lane, delivery, turn) => confirmed(addDelivery(redis, keysOf(lane), delivery, turn)),
    missing: (lane, deliveries) => confirmed(findMissing(redis, keysOf(lane), deliveries)),
    remove: (lane, delivery, share) => confirmed(removeDelivery(redis, keysOf(lane), delivery, share)),
    depth: (lane) => confirmed(readDepth(redis, keysOf(lane))),
    async position(lane, delivery) {
      const [position] = await confirmed(readPositions(redis, [{ keys: keysOf(lane), delivery }]))
      return position!
    },
    positions: (asked) =>
      confirmed(
        readPositions(
          redis,
          asked.map(({ lane, delivery }) => ({ keys: keysOf(lane), delivery })),
        ),
      ),
    turnPosition: (lane, share) => confirmed(readTurnPosition(redis, keysOf(lane), share)),
  }
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
