import type { Observed, ObservedFleet } from '@switchyard/contract/observed'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { subscribe } from '@switchyard/redis/subscribe'
import { type Breaker, type Scope, waitsUntilMs } from './breaker.ts'
import { describe } from './describe.ts'
import { healthKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import type { Sketch } from './sketch.ts'

const REFRESH_MS = 3_000

export interface HealthWatch {
  /** Of this process' view: costs no round trip. Moments in it are by this machine's clock. */
  observed: ObservedFleet
  /**
   * Epoch ms from which a call may be made again, null: now. A moment that is past means half-open: the probe has to be claimed. The
   * usual answer, null because nothing is out, costs one comparison.
   */
  outUntilMs(deployment: string): number | null
  /** The breakers in the way of a deployment that are not closed. */
  openScopes(deployment: string): Scope[]
  /** All that are not closed, for whoever reports. */
  broken(): { scope: Scope; breaker: Breaker }[]
  /** A change that this process has made is seen by it at once. */
  take(change: { scope: Scope; breaker: Breaker }): void
  /** Health has been read once. */
  ready: Promise<void>
  stop(): Promise<void>
}

/**
 * Follows the health of the fleet's deployments: read at start and every 3 s, told of every breaker that changes. While Redis is away
 * the last view stays. Both connections stay the caller's; the subscriber may listen on other channels as well.
 */
export function startHealthWatch(options: {
  redis: RedisClient
  /** Role `subscriber`. */
  subscriber: RedisClient
  /** Whose credential a deployment is called with. */
  providerOf: (deployment: string) => string | undefined
  onError?: (error: unknown) => void
  prefix?: string
}): HealthWatch {
  const { redis, subscriber, providerOf, onError = () => {} } = options
  const keys = healthKeys(options.prefix)
  const breakers = new Map<Scope, Breaker>()
  const sketches = new Map<string, Sketch>()
  const firstRead = Promise.withResolvers<void>()
  /** Of the clock of Redis over ours, ms. */
  let skewMs = 0
  let open = 0
  let reading: Promise<void> | null = null
  let stopped = false

  /** What was read may be older than what was told meanwhile. */
  function take({ scope, breaker }: { scope: Scope; breaker: Breaker }): void {
    const known = breakers.get(scope)
    if (known && known.revision > breaker.revision) return
    breakers.set(scope, breaker)
    open += Number(breaker.open) - Number(known?.open ?? false)
  }

  async function read(): Promise<void> {
    const [nowMs, kept, seen] = (await runScript(redis, scripts.read, keys, ['{}'])) as [string, string[], string[]]
    skewMs = Number(nowMs) - Date.now()
    const scopes = new Set<string>()
    for (const [scope, json] of pairs(kept)) {
      scopes.add(scope)
      take({ scope: scope as Scope, breaker: JSON.parse(json) })
    }
    for (const scope of breakers.keys()) if (!scopes.has(scope)) forget(scope)
    sketches.clear()
    for (const [deployment, json] of pairs(seen)) sketches.set(deployment, JSON.parse(json))
    firstRead.resolve()
  }

  /** Gone from Redis: emptied, or too old. One that was told while we read is back with the next reading. */
  function forget(scope: Scope): void {
    open -= Number(breakers.get(scope)?.open ?? false)
    breakers.delete(scope)
  }

  function look(): void {
    if (stopped) return
    reading ??= read()
      .catch(onError)
      .finally(() => {
        reading = null
      })
  }

  function scopesOf(deployment: string): Scope[] {
    const provider = providerOf(deployment)
    return provider === undefined
      ? [`deployment:${deployment}`]
      : [`deployment:${deployment}`, `credential:${provider}`]
  }

  function inTheWay(deployment: string): { scope: Scope; breaker: Breaker }[] {
    return scopesOf(deployment).flatMap((scope) => {
      const breaker = breakers.get(scope)
      return breaker ? [{ scope, breaker }] : []
    })
  }

  function observed(deployment: string): Observed | undefined {
    const known = inTheWay(deployment).map(({ breaker }) => breaker)
    const found = describe(known, sketches.get(deployment), Date.now() + skewMs)
    if (!found || found.reopensAtMs === null) return found
    return { ...found, reopensAtMs: found.reopensAtMs - skewMs }
  }

  const timer = setInterval(look, REFRESH_MS)
  look()
  subscribe(subscriber, keys[2], (message) => take(JSON.parse(message)), look).catch(onError)

  return {
    observed,
    outUntilMs(deployment) {
      if (open === 0) return null
      const moments = inTheWay(deployment).map(({ breaker }) => waitsUntilMs(breaker, Date.now() + skewMs))
      const latest = Math.max(...moments.map((moment) => moment ?? 0))
      return latest > 0 ? latest - skewMs : null
    },
    openScopes: (deployment) => inTheWay(deployment).flatMap(({ scope, breaker }) => (breaker.open ? [scope] : [])),
    broken: () => [...breakers].flatMap(([scope, breaker]) => (breaker.open ? [{ scope, breaker }] : [])),
    take,
    ready: firstRead.promise,
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      firstRead.resolve()
      await reading
      if (subscriber.status === 'ready') await subscriber.sunsubscribe(keys[2]).catch(() => {})
    },
  }
}

function* pairs(flat: string[]): Generator<[string, string]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
}
