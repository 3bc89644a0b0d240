import { NEWS_CHANNEL } from '@switchyard/batches/keys'
import { createFeeder, type FeederOptions } from '@switchyard/broker/batches/feeder'
import { type Leadership, startLeadership } from '@switchyard/fleet/lead'
import type { RedisClient } from '@switchyard/redis/connect'
import { subscribe } from '@switchyard/redis/subscribe'

/** The net under the news: what nobody told of is seen after this. */
const TICK_MS = 1_000
/** Above this share of Redis no line becomes a job, as no request does: running ones need room to end. */
const FULL_FROM = 0.8
const MEASURE_EVERY_MS = 1_000
/** Between two rounds, so that the ends of many lines lead to one. */
const GAP_MS = 10

export interface BatchFeeding {
  stop(): Promise<void>
}

/**
 * Feeds the batches of all projects while this process leads in it: a round when there is news of a batch, and every second. `subscriber` is a
 * connection for the news alone; both connections stay the caller's.
 */
export async function startBatchFeeding(
  options: Omit<FeederOptions, 'isFull'> & {
    id: string
    subscriber: RedisClient
    /** How full Redis is, 0 to 1. */
    fullness(): Promise<number>
  },
): Promise<BatchFeeding> {
  const { broker, subscriber } = options
  const { redis } = broker.jobs
  let hasNews = true
  let wake = () => {}
  const onNews = () => {
    hasNews = true
    wake()
  }
  await subscribe(subscriber, NEWS_CHANNEL, onNews, onNews)

  async function feed(signal: AbortSignal): Promise<void> {
    let isFull = false
    let measuredAtMs = Number.NEGATIVE_INFINITY
    const feeder = createFeeder({ ...options, isFull: () => isFull })
    signal.addEventListener('abort', () => wake())
    while (!signal.aborted) {
      hasNews = false
      let more = false
      try {
        if (performance.now() - measuredAtMs > MEASURE_EVERY_MS) {
          isFull = (await options.fullness()) >= FULL_FROM
          measuredAtMs = performance.now()
        }
        more = await feeder.round(signal)
      } catch (error) {
        broker.onError(error, 'feed batches')
      }
      await pause(signal, GAP_MS, () => false)
      if (!more) await pause(signal, TICK_MS - GAP_MS, () => hasNews)
    }
    await feeder.idle()
  }

  /** Until the time is up, the signal, or news. */
  async function pause(signal: AbortSignal, ms: number, isOver: () => boolean): Promise<void> {
    const until = performance.now() + ms
    while (!signal.aborted && !isOver() && performance.now() < until) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - performance.now())
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const leadership: Leadership = startLeadership({
    redis,
    role: 'batches',
    id: options.id,
    onGain: feed,
    onError: (error) => broker.onError(error, 'lead as batches'),
  })
  return { stop: () => leadership.stop() }
}
