import { NEWS_CHANNEL } from '@switchyard/batches/keys'
import type { OutputFiles } from '@switchyard/broker/batches/batch-chores'
import { createFeeder, type FeederOptions } from '@switchyard/broker/batches/feeder'
import { type Leadership, startLeadership } from '@switchyard/fleet/lead'
import type { RedisClient } from '@switchyard/redis/connect'
import { subscribe } from '@switchyard/redis/subscribe'

/** The net under the news: what nobody told of is seen after this. */
const TICK_MS = 1_000
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
  options: FeederOptions & { id: string; subscriber: RedisClient; files: OutputFiles },
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
    const feeder = createFeeder(options)
    signal.addEventListener('abort', () => wake())
    while (!signal.aborted) {
      hasNews = false
      let more = false
      try {
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
