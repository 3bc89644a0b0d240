import type { RedisClient } from '@switchyard/redis/connect'
import type { CacheIntake } from './plan-prompt-cache.ts'
import { type PrefixWatch, startPrefixWatch } from './prefix-watch.ts'
import { type StickyLoads, stickyLoads } from './stick-route.ts'

/** What planning has to know for prompts that begin as others do. One for each process that plans. */
export interface PromptCaching {
  watch: PrefixWatch
  loads: StickyLoads
}

export function startPromptCaching(options: { redis: RedisClient; onError: (error: unknown) => void }): PromptCaching {
  return { watch: startPrefixWatch(options), loads: stickyLoads() }
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
