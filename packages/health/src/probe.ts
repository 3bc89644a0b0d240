import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { Breaker, Scope } from './breaker.ts'
import { type HealthPlace, healthKeys } from './keys.ts'
import type { BreakerChange } from './report-failure.ts'
import { scripts } from './scripts.ts'

/** A probe is its owner's for so long without a renewal. */
const PROBE_LEASE_MS = 12_000

/** The right to call through breakers that are half-open, fleet-wide, under the attempt's name. */
export interface Probe {
  token: string
  scopes: Scope[]
}

/** `probe` null: all the breakers are closed. */
export type ProbeClaim = { ok: true; probe: Probe | null } | { ok: false; broken: { scope: Scope; breaker: Breaker }[] }

/** Asks for the probe of all breakers in an attempt's way; all or none. The same token again gets the same answer. */
export async function claimProbe(
  redis: RedisClient,
  { token, scopes, gapMs }: Probe & { gapMs: number },
  place: HealthPlace = {},
): Promise<ProbeClaim> {
  const asked = JSON.stringify({ nowMs: place.nowMs, token, scopes, gapMs, leaseMs: PROBE_LEASE_MS })
  const [granted, ...rest] = (await runScript(redis, scripts.claim, healthKeys(place.prefix), [asked])) as [
    number,
    ...string[],
  ]
  if (granted === 0) {
    const broken = Array.from({ length: rest.length / 2 }, (_, i) => ({
      scope: rest[2 * i] as Scope,
      breaker: JSON.parse(rest[2 * i + 1]!) as Breaker,
    }))
    return { ok: false, broken }
  }
  return { ok: true, probe: rest.length === 0 ? null : { token, scopes: rest as Scope[] } }
}

/** Keeps probes whose calls take their time. */
export async function renewProbes(redis: RedisClient, probes: Probe[], place: HealthPlace = {}): Promise<void> {
  const held = probes.flatMap(({ token, scopes }) => scopes.map((scope) => ({ scope, token })))
  if (held.length === 0) return
  const asked = JSON.stringify({ nowMs: place.nowMs, leaseMs: PROBE_LEASE_MS, held })
  await runScript(redis, scripts.renew, healthKeys(place.prefix), [asked])
}

/** Ends a probe that did not fail. `good`: the provider answered; else it says nothing, and the next one may try at once. */
export async function judgeProbe(
  redis: RedisClient,
  { token, scopes }: Probe,
  good: boolean,
  place: HealthPlace = {},
): Promise<BreakerChange[]> {
  const asked = JSON.stringify({ nowMs: place.nowMs, token, scopes, good })
  const answer = (await runScript(redis, scripts.judge, healthKeys(place.prefix), [asked])) as string[]
  return Array.from({ length: answer.length / 3 }, (_, i) => ({
    scope: answer[3 * i] as Scope,
    became: answer[3 * i + 1] as BreakerChange['became'],
    breaker: JSON.parse(answer[3 * i + 2]!) as Breaker,
  }))
}
