import { createHash } from 'node:crypto'
import type { JobSpec } from '@switchyard/contract/job'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import type { Beginning } from './beginnings.ts'
import type { PrefixWatch } from './prefix-watch.ts'

/** What a request says of the prompt cache, and where its prompt may begin as others do. Absent where it says nothing. */
export interface CacheIntake {
  /** `switchyard.prompt_cache: auto` */
  auto: boolean
  /** The caller's `prompt_cache_key`. */
  key: string | null
  /** The shortest first. */
  beginnings: Beginning[]
}

/** What is frozen into a job, and how long its prefix is (tokens; 0: not known). */
export interface PlannedCache extends Pick<JobSpec, 'prefix' | 'promptCache'> {
  prefixTokens: number
}

/** As many as any provider takes. */
const MOST_ENDS = 4

/**
 * What is frozen into a job: the prefix by which jobs find their deployment, and the ends to mark for it. Marked are beginnings that recur, and only
 * while that pays; the heaviest of what follows the one before come first. The prefix ends with the heaviest part that recurs or is marked, because
 * there is the most to save: so questions about one document meet, and those about another may go elsewhere; a conversation stays where it began.
 */
export function planPromptCache(
  watch: Pick<PrefixWatch, 'recurs' | 'pays'>,
  project: string,
  model: string,
  { auto, key, beginnings }: CacheIntake,
): PlannedCache {
  const recurring = auto ? beginnings.filter(({ digest }) => watch.recurs(project, digest)) : []
  const shared = beginnings.filter((beginning) => beginning.marked || recurring.includes(beginning))
  const heaviest = byWeight(shared)[0]
  const prefix = key === null ? heaviest?.digest : digest(`key ${project} ${key}`)
  const prefixTokens = heaviest?.end.tokens ?? 0
  if (prefix === undefined) return { prefixTokens }
  if (recurring.length === 0 || !watch.pays(project, model, prefix)) return { prefix, prefixTokens }
  const chosen = new Set(byWeight(recurring).slice(0, MOST_ENDS))
  const ends = recurring.filter((beginning) => chosen.has(beginning)).map(({ end }): PromptEnd => end)
  // Of its project: what one sends must not decide where another's calls meet.
  return {
    prefix,
    prefixTokens,
    promptCache: { ends, ...(key === null ? { key: digest(`prefix ${project} ${prefix}`) } : {}) },
  }
}

/** By the tokens that each has beyond the one before it; of equal ones the earlier first. */
function byWeight(beginnings: readonly Beginning[]): Beginning[] {
  const weights = new Map(
    beginnings.map((one, i) => [one, one.end.tokens - (i === 0 ? 0 : beginnings[i - 1]!.end.tokens)]),
  )
  return beginnings.toSorted((a, b) => weights.get(b)! - weights.get(a)!)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
