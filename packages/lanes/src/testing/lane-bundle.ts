import { randomUUID } from 'node:crypto'
import { connectRedis, disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { Queue } from 'bullmq'
import { type Consumer, type ConsumerOptions, createConsumer } from '../consumer.ts'
import { type Delivery, deliveryId } from '../delivery.ts'
import { LANE_PREFIX, laneKeys, queueName } from '../keys.ts'
import { HIGHEST_PRIORITY } from '../priority.ts'
import { createProducer, type Producer } from '../producer.ts'
import type { Share } from '../turn.ts'
import type { Verdict } from '../verdict.ts'

/** For tests that are not about whose turn it is. */
export const ANYBODY: Share = { project: 'proj_any', weight: 1, tokens: 1_024 }

export interface LaneBundle {
  lane: string
  redis: RedisClient
  producer: Producer
  errors: Error[]
  /** A consumer of the lane on a connection of its own; stopped by `close`. */
  consume(
    handle: (delivery: Delivery, signal: AbortSignal) => Promise<Verdict>,
    options?: Partial<ConsumerOptions>,
  ): Promise<Consumer>
  /** Puts a delivery in that is not to be fetched before so many ms from now. */
  putOff(delivery: Delivery, delayMs: number): Promise<void>
  /** Every key of the lane whose name has this in it. */
  keysWith(part: string): Promise<string[]>
  close(): Promise<void>
}

/** A lane that nobody else has, with a producer, on real connections. */
export async function openLane(url: string): Promise<LaneBundle> {
  const lane = `test.${randomUUID()}`
  const redis = await connectRedis(url, { role: 'producer', name: 'lane-test' })
  const producer = createProducer({ redis })
  const errors: Error[] = []
  let queue: Queue | undefined
  const consumers: { consumer: Consumer; connection: RedisClient }[] = []

  async function keysWith(part: string): Promise<string[]> {
    const nodes = isClusterClient(redis) ? redis.nodes('master') : [redis]
    const { base } = laneKeys(lane)
    const found = await Promise.all(nodes.map((node) => node.keys(`${base}*`)))
    return found.flat().filter((key) => key.slice(base.length).includes(part))
  }

  return {
    lane,
    redis,
    producer,
    errors,
    keysWith,
    async putOff(delivery, delayMs) {
      queue ??= new Queue(queueName(lane), { connection: redis, prefix: LANE_PREFIX })
      await queue.add('d', {}, { jobId: deliveryId(delivery), delay: delayMs, priority: HIGHEST_PRIORITY })
    },
    async consume(handle, options = {}) {
      const connection = await connectRedis(url, { role: 'consumer', name: 'lane-test' })
      const consumer = createConsumer({
        redis: connection,
        lane,
        concurrency: 10,
        handle,
        onError: (error) => errors.push(error),
        ...options,
      })
      consumers.push({ consumer, connection })
      return consumer
    },
    async close() {
      await Promise.all(consumers.map(({ consumer }) => consumer.stop({ releaseHeld: true })))
      await queue?.close()
      const left = await keysWith('').catch(() => [])
      if (left.length > 0) await redis.del(...left)
      await Promise.all([redis, ...consumers.map(({ connection }) => connection)].map(disconnectRedis))
    },
  }
}

/** Deliveries of jobs that no other test has. */
export function newDeliveries(count: number): Delivery[] {
  return Array.from({ length: count }, () => ({ jobId: `job_${randomUUID()}`, delivery: 1 }))
}

export function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(deliveryId)
}
