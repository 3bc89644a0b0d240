import { NEWS_CHANNEL } from '@switchyard/batches/keys'
import { parseNews } from '@switchyard/batches/news'
import type { RedisClient } from '@switchyard/redis/connect'
import { subscribe } from '@switchyard/redis/subscribe'

export interface BatchWatch {
  /** Notes that somebody follows a batch; `next` resolves at its next news (those since the last call count), or after `ms`. */
  follow(batchId: string): { next(ms: number): Promise<void>; close(): void }
}

interface Follower {
  hasNews: boolean
  wake(): void
}

/** Hears the news of all batches on one connection of its own and wakes whoever follows one. A lost message costs a follower its patience. */
export async function watchBatches(subscriber: RedisClient): Promise<BatchWatch> {
  const byBatch = new Map<string, Set<Follower>>()

  function tell(followers: Iterable<Follower>): void {
    for (const follower of followers) {
      follower.hasNews = true
      follower.wake()
    }
  }

  await subscribe(
    subscriber,
    NEWS_CHANNEL,
    (message) => {
      if (byBatch.size === 0) return
      for (const batchId of parseNews(message)) tell(byBatch.get(batchId) ?? [])
    },
    () => {
      for (const followers of byBatch.values()) tell(followers)
    },
  )

  return {
    follow(batchId) {
      const follower: Follower = { hasNews: false, wake: () => {} }
      const followers = byBatch.get(batchId) ?? new Set()
      byBatch.set(batchId, followers.add(follower))
      return {
        async next(ms) {
          if (!follower.hasNews) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, ms)
              follower.wake = () => {
                clearTimeout(timer)
                resolve()
              }
            })
          }
          follower.hasNews = false
        },
        close() {
          follower.wake()
          followers.delete(follower)
          if (followers.size === 0) byBatch.delete(batchId)
        },
      }
    },
  }
}
