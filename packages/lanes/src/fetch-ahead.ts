import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { RedisClient } from '@switchyard/redis/connect'
import type { Redis } from 'ioredis'
import type { Fetched, FetchedDelivery } from './fetch-delivery.ts'

/** The answer to a fetch arrives with that to its wait; where it does not, the connection is in trouble. */
const BEHIND_MS = 100
/** How long an end may take with Redis away. */
const END_MS = 500

export interface FetchAhead {
  /** Once a wait is over: resolves when the fetch behind it has come back or failed, or 100 ms later; it is late then. */
  settled(): Promise<void>
  /** Something was fetched that nobody has taken. */
  hasDelivery(): boolean
  /** What was fetched and not taken yet; null: nothing was asked, or it failed. */
  take(): Fetched | null
  /** Calls `listener`, the last one given, when a late one comes with a delivery. */
  onLate(listener: () => void): void
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
 * @param begin hears of a delivery as soon as it is there, before those who wait for the wake-up
 */
export function fetchBehindWaits(
  blocking: Redis,
  fetch: () => Promise<Fetched> | null,
  begin: (delivery: FetchedDelivery) => void,
): FetchAhead {
  const deliveries: Fetched[] = []
  let other: Fetched | null = null
  let sent = 0
  let givenUp = 0
  let last: Promise<void> = Promise.resolve()
  let late: () => void = () => {}
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
    other = null
    last = keep(fetch(), ++sent)
    stream?.uncork()
    return waited
  }) as typeof blocking.bzpopmin
  blocking.on('close', () => {
    clientId = null
  })

  async function keep(fetching: Promise<Fetched> | null, number: number): Promise<void> {
    if (!fetching) return
    try {
      const fetched = await fetching
      if (fetched.kind === 'delivery') {
        deliveries.push(fetched)
        begin(fetched)
      } else other = fetched
      if (number <= givenUp && deliveries.length > 0) late()
    } catch {
      // The fetch that follows says what is wrong.
    }
  }

  async function settled(withinMs: number): Promise<void> {
    const number = sent
    const isLate = await Promise.race([last, sleep(withinMs, true, { ref: false })])
    if (isLate) givenUp = number
  }

  return {
    settled: () => settled(BEHIND_MS),
    hasDelivery: () => deliveries.length > 0,
    take() {
      const taken = deliveries.shift() ?? other
      other = null
      return taken
    },
    onLate(listener) {
      late = listener
    },
    async end(redis) {
      clientId?.then((id) => redis.client('UNBLOCK', id)).catch(() => {})
      await settled(END_MS)
      // Whoever waits hears of it before the wait is given up.
      await nextTurn()
    },
  }
}
