import { disconnectRedis } from '@switchyard/redis/connect'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leadKey } from './keys.ts'
import { type LeadershipOptions, startLeadership } from './lead.ts'
import { type FleetBundle, openFleet } from './testing/fleet-bundle.ts'
import { SERVERS } from './testing/servers.ts'
import { until } from './testing/until.ts'

const TTL_MS = 1_500

interface Term {
  id: string
  fence: number
  beganAt: number
  endedAt: number | null
}

describe.each(SERVERS)('leadership on %s', (_name, url) => {
  let bundle: FleetBundle
  let terms: Term[]
  beforeEach(async () => {
    bundle = await openFleet(url)
    terms = []
  })
  afterEach(() => bundle.close())

  async function lead(id: string, options: Partial<LeadershipOptions> = {}) {
    const redis = await bundle.connect('consumer')
    const leadership = startLeadership({
      redis,
      role: 'sweeper',
      id,
      ttlMs: TTL_MS,
      prefix: bundle.prefix,
      onError: bundle.onError,
      onGain(signal, fence) {
        const term: Term = { id, fence, beganAt: performance.now(), endedAt: null }
        terms.push(term)
        signal.addEventListener('abort', () => {
          term.endedAt = performance.now()
        })
      },
      ...options,
    })
    bundle.stopLater(leadership)
    return { leadership, redis }
  }

  /** At no moment two terms, and every later one has a higher fence. */
  function expectOneAtATime(): void {
    for (const [index, term] of terms.entries()) {
      const next = terms[index + 1]
      if (!next) continue
      expect(next.fence).toBeGreaterThan(term.fence)
      expect(term.endedAt).not.toBeNull()
      expect(next.beganAt).toBeGreaterThanOrEqual(term.endedAt!)
    }
  }

  test('of several one leads, and keeps on leading through many renewals', async () => {
    const all = await Promise.all(['a', 'b', 'c'].map((id) => lead(id)))
    await until('one leads', () => terms.length === 1)
    const begin = Date.now()
    await until('several leases are over', () => {
      expect(all.filter(({ leadership }) => leadership.isLeader())).toHaveLength(1)
      return Date.now() - begin > TTL_MS * 2.5
    })
    expect(terms).toHaveLength(1)
    expect(bundle.errors).toEqual([])
  })

  test('stop lets the next one lead without waiting for the lease to end', async () => {
    const { leadership: first } = await lead('a', { ttlMs: 60_000 })
    await until('the first leads', () => terms.length === 1)
    await first.stop()
    expect(first.isLeader()).toBe(false)
    expect(terms[0]!.endedAt).not.toBeNull()
    await first.stop()
    await lead('b')
    expect(await until('the second leads', () => terms.length === 2)).toBeLessThan(1_000)
    expectOneAtATime()
  })

  test('a leader that can not renew ends its term by itself, before another one begins', async () => {
    const { leadership, redis } = await lead('a')
    await until('the first leads', () => terms.length === 1)
    await lead('b')
    await disconnectRedis(redis)
    const tookMs = await until('the second leads', () => terms.length === 2)
    expect(tookMs).toBeLessThan(TTL_MS * 1.5)
    expect(leadership.isLeader()).toBe(false)
    expectOneAtATime()
  })

  test('one whose event loop stood still past its lease knows that before anything else runs', async () => {
    const { leadership } = await lead('a', { ttlMs: 300 })
    await until('it leads', () => leadership.isLeader())
    const begin = performance.now()
    while (performance.now() - begin < 400);
    expect(leadership.isLeader()).toBe(false)
    await until('it leads again', () => terms.length === 2)
    expectOneAtATime()
  })

  test('a term does not begin while the work of the one before still runs', async () => {
    let finish: () => void = () => {}
    let begun = 0
    const { redis, leadership } = await lead('a', {
      onGain: () => {
        begun++
        return new Promise((resolve) => {
          finish = resolve
        })
      },
    })
    await until('it leads', () => leadership.isLeader())
    await redis.hset(leadKey('sweeper', bundle.prefix), 'holder', 'somebody', 'untilMs', Date.now() + 500)
    await until('it leads no more', () => !leadership.isLeader())
    const begin = Date.now()
    await until('it could have led again', () => Date.now() - begin > 500 + TTL_MS)
    expect(begun).toBe(1)
    finish()
    await until('it leads again', () => begun === 2)
    finish()
  })

  test('the same id started twice is two, and what onGain throws is reported', async () => {
    const { leadership: first } = await lead('same', {
      onGain: () => {
        throw new Error('no work today')
      },
    })
    await until('the first leads', () => first.isLeader())
    const { leadership: second } = await lead('same')
    await until('it is reported', () => bundle.errors.length === 1)
    const begin = Date.now()
    await until('the lease was renewed', () => Date.now() - begin > TTL_MS * 1.5)
    expect([first.isLeader(), second.isLeader()]).toEqual([true, false])
    await first.stop()
    await until('the second follows', () => second.isLeader())
  })

  test('roles are led apart', async () => {
    const { leadership: sweeper } = await lead('a', { role: 'sweeper' })
    const { leadership: prober } = await lead('b', { role: 'prober' })
    await until('both lead', () => sweeper.isLeader() && prober.isLeader())
  })

  test('stop ends although Redis is away', async () => {
    const { leadership, redis } = await lead('a')
    await until('it leads', () => leadership.isLeader())
    await disconnectRedis(redis)
    const begin = performance.now()
    await leadership.stop()
    expect(performance.now() - begin).toBeLessThan(1_500)
    expect(leadership.isLeader()).toBe(false)
  })
})
