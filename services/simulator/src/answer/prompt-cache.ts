import { hash } from 'node:crypto'
import { IMAGE_TOKENS, tokensOfLength } from './count-tokens.ts'

/** One piece of a prompt, in the order in which the API reads them. */
export interface PromptBlock {
  /** What it says, for comparison; as many characters as it counts for. */
  text: string
  images: number
  /** How long the prompt is to be kept up to its end, ms; null: it is not marked. */
  keepMs: number | null
  /** What a user or a tool said ends here: where OpenAI puts a breakpoint of its own. */
  endsTurn: boolean
}

/**
 * What an API caches. `marks`, Anthropic's: written at the marks, and found at one of them or up to 20 blocks before it
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching). `breakpoints`, OpenAI's from GPT-5.6 on: written at the last
 * four, one of them its own at the end of the last turn unless `implicitMs` is null, and found at breakpoints and ends of turns alone
 * (https://developers.openai.com/api/docs/guides/prompt-caching). `automatic`, everybody else's: any beginning, in steps of 128 tokens.
 */
export type CacheRules = { minTokens: number; scope: string } & (
  | { kind: 'marks' }
  | { kind: 'breakpoints'; implicitMs: number | null }
  | { kind: 'automatic'; keepMs: number }
)

/** Tokens. `writtenLong`: those of `written` that are kept for an hour or more. */
export interface CacheUse {
  cached: number
  written: number
  writtenLong: number
}

export interface PromptCache {
  /**
   * Looks up and remembers the beginnings of a prompt. What is written can be read once the answer has begun, in `firstMs`: of calls that are made
   * side by side none finds what the other writes. `total`: tokens of the whole prompt.
   */
  use(scope: string, blocks: PromptBlock[], rules: CacheRules, total: number, firstMs: number): CacheUse
  clear(): void
}

const STEP_TOKENS = 128
const LOOKBACK_BLOCKS = 20
const OPENAI_WRITES = 4
const OPENAI_LOOKS = 80
const LONG_MS = 3_600_000
/** The oldest are forgotten first. */
const MOST_ENTRIES = 50_000

interface Place {
  key: string
  tokens: number
  keepMs: number | null
  endsTurn: boolean
}

/** Which beginnings of prompts are kept, for each key and model. */
export function createPromptCache(now: () => number = Date.now): PromptCache {
  const entries = new Map<string, { fromMs: number; untilMs: number }>()

  function isKept(key: string): boolean {
    const entry = entries.get(key)
    return entry !== undefined && entry.fromMs <= now() && entry.untilMs > now()
  }

  /** A use renews an entry; who writes what is there already does no more. */
  function keep(key: string, keepMs: number, firstMs: number): void {
    const known = entries.get(key)
    entries.delete(key)
    const alive = known !== undefined && known.untilMs > now()
    entries.set(key, {
      fromMs: alive ? known.fromMs : now() + firstMs,
      untilMs: Math.max(alive ? known.untilMs : 0, now() + keepMs),
    })
    if (entries.size > MOST_ENTRIES) entries.delete(entries.keys().next().value!)
  }

  function useMarked(places: Place[], readAt: Place[], writeAt: Place[], minTokens: number, firstMs: number): CacheUse {
    const found = readAt.filter(({ key, tokens }) => tokens >= minTokens && isKept(key))
    const cached = Math.max(0, ...found.map(({ tokens }) => tokens))
    let reached = cached
    let written = 0
    let writtenLong = 0
    for (const { key, tokens, keepMs } of writeAt) {
      if (tokens < minTokens) continue
      keep(key, keepMs!, firstMs)
      if (tokens <= reached) continue
      written += tokens - reached
      if (keepMs! >= LONG_MS) writtenLong += tokens - reached
      reached = tokens
    }
    // What was read lives on, by the lifetime of the mark that found it.
    const last = writeAt.at(-1)
    const hit = places.find(({ tokens }) => tokens === cached && cached > 0)
    if (hit && last) keep(hit.key, hit.keepMs ?? last.keepMs!, 0)
    return { cached, written, writtenLong }
  }

  return {
    use(scope, blocks, rules, total, firstMs) {
      const { minTokens } = rules
      if (total < minTokens) return { cached: 0, written: 0, writtenLong: 0 }
      const scoped = `${scope} ${rules.scope}`
      if (rules.kind === 'automatic') {
        const steps = stepsOf(scoped, blocks)
        const cached = steps.findLast(({ key, tokens }) => tokens >= minTokens && isKept(key))?.tokens ?? 0
        for (const { key } of steps) keep(key, rules.keepMs, firstMs)
        return { cached: Math.min(cached, total), written: 0, writtenLong: 0 }
      }
      const places = placesOf(scoped, blocks, total)
      const marked = places.filter(({ keepMs }) => keepMs !== null)
      if (rules.kind === 'marks') {
        const near = new Set(marked.flatMap((mark) => backFrom(places, places.indexOf(mark))))
        return useMarked(places, [...near], marked, minTokens, firstMs)
      }
      const own = rules.implicitMs === null ? undefined : places.findLast(({ endsTurn }) => endsTurn)
      const writeAt = marked.slice(own ? 1 - OPENAI_WRITES : -OPENAI_WRITES)
      if (own && own.keepMs === null) writeAt.push({ ...own, keepMs: rules.implicitMs })
      const looks = places.filter(({ keepMs, endsTurn }) => keepMs !== null || endsTurn).slice(-OPENAI_LOOKS)
      return useMarked(places, rules.implicitMs === null ? marked : looks, writeAt, minTokens, firstMs)
    },
    clear: () => entries.clear(),
  }
}

function backFrom(places: Place[], at: number): Place[] {
  return places.slice(Math.max(0, at - LOOKBACK_BLOCKS), at + 1)
}

/** The prompt up to the end of each block. */
function placesOf(scope: string, blocks: PromptBlock[], total: number): Place[] {
  let key = scope
  let characters = 0
  let images = 0
  return blocks.map((block) => {
    key = hash('sha256', `${key}\n${block.text}`, 'hex')
    characters += block.text.length
    images += block.images
    const tokens = Math.min(total, tokensOfLength(characters) + images * IMAGE_TOKENS)
    return { key, tokens, keepMs: block.keepMs, endsTurn: block.endsTurn }
  })
}

/** The prompt up to every 128th token. */
function stepsOf(scope: string, blocks: PromptBlock[]): { key: string; tokens: number }[] {
  const text = blocks.map((block) => block.text).join('')
  const steps: { key: string; tokens: number }[] = []
  let key = scope
  const width = STEP_TOKENS * 4
  for (let end = width; end <= text.length; end += width) {
    key = hash('sha256', key + text.slice(end - width, end), 'hex')
    steps.push({ key, tokens: (end / width) * STEP_TOKENS })
  }
  return steps
}
