import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import type { Redis } from 'ioredis'
import type { Fetched, FetchedDelivery } from './fetch-delivery.ts'

/** The answer to a fetch arrives with that to its wait; where it does not, the connection is in trouble. */
const BEHIND_MS = 100
/** How long an end may take with Redis away. */
const END_MS = 500

export interface FetchAhead {
  /** Once a wait is over: what the fetch behind it found; null: none was sent, it failed, or its answer is late, by 100 ms. */
  settled(): Promise<Fetched | null>
  /** Ends the wait now, so that what its fetch takes is told and can be handed back; half a second at most. */
  end(redis: RedisClient): Promise<void>
}

/**
 * Sends a fetch behind each wait for a wake-up (BZPOPMIN), on the same connection: the server runs it in the moment in which the
 * wait ends, so the delivery comes with its wake-up, a round trip earlier. After a wait that nobody ended it is the look at the lane that is due
 * then anyway.
 *
 * A server may so give a delivery to a consumer that has stopped without closing its connection, up to one wait (2 s) later. It comes back
 * when its lock has run out, as from any consumer that stops.
 *
 * @param fetch sends the fetch; null: none is wanted now
 * @param onDelivery hears of a delivery as soon as it is there, before those who wait for the wake-up, and of a late one too
 */
export function fetchBehindWaits(
  blocking: Redis,
  fetch: () => Promise<Fetched> | null,
  onDelivery: (delivery: FetchedDelivery) => void,
): FetchAhead {
  let last: Promise<Fetched | null> = Promise.resolve(null)
  let underWay = 0
  let clientId: Promise<number> | null = null

  const wait = blocking.bzpopmin.bind(blocking) as (...args: unknown[]) => Promise<unknown>
  blocking.bzpopmin = ((...args: unknown[]) => {
    const { stream } = blocking as unknown as { stream?: Socket }
    stream?.cork()
    if (clientId === null) {
      clientId = blocking.client('ID')
      clientId.catch(() => {})
    }
    const waited = wait(...args)
    last = tell(fetch())
    stream?.uncork()
    return waited
  }) as typeof blocking.bzpopmin
  blocking.on('close', () => {
    clientId = null
  })

  async function tell(fetching: Promise<Fetched> | null): Promise<Fetched | null> {
    underWay++
    try {
      const fetched = await fetching
      if (fetched?.kind === 'delivery') onDelivery(fetched)
      return fetched
    } catch {
      // The fetch that follows says what is wrong.
      return null
    } finally {
      underWay--
    }
  }

  function settled(withinMs: number): Promise<Fetched | null> {
    return underWay === 0 ? last : Promise.race([last, sleep(withinMs, null, { ref: false })])
  }

  return {
    settled: () => settled(BEHIND_MS),
    async end(redis) {
      clientId?.then((id) => redis.client('UNBLOCK', id)).catch(() => {})
      await settled(END_MS)
    },
  }
}
