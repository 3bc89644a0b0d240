import type { PromptCache } from '@switchyard/catalog/prompt-cache'
import type { CacheIntake, PlannedCache } from './plan-prompt-cache.ts'
import type { WarmPlaces } from './warm-places.ts'

/**
 * How many input tokens of a request each deployment is expected to have in its cache: its prefix, where prompts of that prefix were
 * lately sent, if it is long enough for the deployment and marked where the deployment asks for marks. Undefined: none anywhere.
 */
export function expectedHits(
  places: WarmPlaces,
  { prefix, prefixTokens, promptCache }: PlannedCache,
  { beginnings }: CacheIntake,
  catalog: { deployments: ReadonlyMap<string, { promptCache: PromptCache }> },
): ((deployment: string) => number) | undefined {
  if (prefix === undefined || prefixTokens === 0) return undefined
  const isMarked = (promptCache?.ends.length ?? 0) > 0 || beginnings.some(({ marked }) => marked)
  return (deployment) => {
    const cache = catalog.deployments.get(deployment)?.promptCache
    if (!cache || cache.mode === 'none' || prefixTokens < cache.minTokens) return 0
    if (cache.mode === 'breakpoints' && !isMarked) return 0
    return places.has(prefix, deployment) ? prefixTokens : 0
  }
}
