import { randomUUID } from 'node:crypto'
import { connectRedis, disconnectRedis, isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { type Consumer, type ConsumerOptions, createConsumer } from '../consumer.ts'
import { type Delivery, deliveryId } from '../delivery.ts'
import { laneKeys } from '../keys.ts'
import { createProducer, type Producer } from '../producer.ts'
import type { Verdict } from '../verdict.ts'

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
      const left = await keysWith('').catch(() => [])
      if (left.length > 0) await redis.del(...left)
      await producer.stop()
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
