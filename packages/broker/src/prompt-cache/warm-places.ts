import { LruMap } from '@switchyard/accounts/lru-map'

/** Where prompts of a prefix were lately sent by this process, so that providers' caches are expected to hold them. */
export interface WarmPlaces {
  sent(prefix: string, deployment: string): void
  has(prefix: string, deployment: string): boolean
}

/** What providers keep a beginning for at least, after its last use. */
const KEPT_MS = 300_000
/** 100 bytes each. */
const MOST_KNOWN = 20_000

export function warmPlaces(now: () => number = Date.now): WarmPlaces {
  const until = new LruMap<string, number>(MOST_KNOWN)
  return {
    sent: (prefix, deployment) => until.set(`${prefix} ${deployment}`, now() + KEPT_MS),
    has: (prefix, deployment) => (until.get(`${prefix} ${deployment}`) ?? 0) > now(),
  }
}
