import type { Catalog } from '@switchyard/catalog/catalog'
import type { JobSpec, Route } from '@switchyard/contract/job'
import type { RedisClient } from '@switchyard/redis/connect'
import { expectedHits } from './expected-hits.ts'
import { type CacheIntake, planPromptCache } from './plan-prompt-cache.ts'
import { type PrefixWatch, startPrefixWatch } from './prefix-watch.ts'
import { type StickyLoads, stickRoute, stickyLoads } from './stick-route.ts'
import { type WarmPlaces, warmPlaces } from './warm-places.ts'

/** What planning has to know for prompts that begin as others do. One for each process that plans. */
export interface PromptCaching {
  watch: PrefixWatch
  loads: StickyLoads
  places: WarmPlaces
}

export function startPromptCaching(options: { redis: RedisClient; onError: (error: unknown) => void }): PromptCaching {
  return { watch: startPrefixWatch(options), loads: stickyLoads(), places: warmPlaces() }
}

/** Notes how the prompt of a request begins that asks for `auto`. Before it is planned, so that it counts itself. */
export function sightPrompt(
  { watch }: PromptCaching,
  project: string,
  { model, promptCache }: { model: string; promptCache?: CacheIntake },
): void {
  if (!promptCache?.auto || promptCache.beginnings.length === 0) return
  watch.sight(
    project,
    model,
    promptCache.beginnings.map(({ digest }) => digest),
  )
}

/** What is frozen into a request's job, and the input tokens that each deployment is expected to have in its cache. */
export interface CachePlan {
  frozen: Pick<JobSpec, 'prefix' | 'promptCache'>
  cachedTokensAt?: (deployment: string) => number
}

/** Before the route is planned, which goes by what is cached where. Notes nothing. */
export function planCaching(
  { caching, catalog }: { caching?: PromptCaching; catalog: Catalog },
  project: string,
  { model, promptCache }: { model: string; promptCache?: CacheIntake },
): CachePlan {
  if (!caching || !promptCache) return { frozen: {} }
  const { prefixTokens, ...frozen } = planPromptCache(caching.watch, project, model, promptCache)
  const cachedTokensAt = expectedHits(caching.places, { ...frozen, prefixTokens }, promptCache, catalog)
  return { frozen, ...(cachedTokensAt && { cachedTokensAt }) }
}

/** Where jobs of one prefix meet; the place counts as warm from now on. */
export function placeRoute(
  { caching, catalog }: { caching?: PromptCaching; catalog: Catalog },
  route: Route,
  prefix: string | undefined,
): Route {
  if (!caching || prefix === undefined) return route
  const placed = stickRoute(route, prefix, catalog, caching.loads)
  const first = placed.hops[0]?.deployments[0]
  if (first) caching.places.sent(prefix, first.id)
  return placed
}
