import { hash } from 'node:crypto'
import { tokensOfLength } from './count-tokens.ts'
import { charactersOf } from './measure-prompt.ts'
import type { Prompt } from './prompt.ts'

/** Shorter beginnings are not cached; hits of implicit caches count in steps of 128 tokens, as OpenAI's do. */
const LEAST_TOKENS = 1024
const STEP = 128
const MOST_ENTRIES = 10_000
const TTL_MS = 300_000

export interface CacheUse {
  cached: number
  written: number
}

export interface PromptCache {
  /** Looks up and remembers the beginnings of a prompt. `explicit`: only up to Anthropic's last `cache_control` mark. */
  use(scope: string, prompt: Prompt, explicit: boolean): CacheUse
  clear(): void
}

/** Which beginnings of prompts were seen in the last five minutes, for each key and model; the oldest are forgotten first. */
export function createPromptCache(now: () => number = Date.now): PromptCache {
  const seenUntil = new Map<string, number>()

  function seen(key: string): boolean {
    const known = (seenUntil.get(key) ?? 0) > now()
    seenUntil.delete(key)
    seenUntil.set(key, now() + TTL_MS)
    if (seenUntil.size > MOST_ENTRIES) seenUntil.delete(seenUntil.keys().next().value!)
    return known
  }

  return {
    use(scope, prompt, explicit) {
      const total = prompt.messages.reduce((sum, message) => sum + charactersOf(message), 0)
      const none = { cached: 0, written: 0 }
      if (tokensOfLength(total) < LEAST_TOKENS) return none
      const beginnings = prefixes(prompt, explicit)
      let cached = 0
      // Every beginning is remembered, so no early way out.
      for (const { key, tokens } of beginnings) if (seen(`${scope} ${key}`)) cached = Math.max(cached, tokens)
      if (explicit) return { cached, written: Math.max(0, (beginnings.at(-1)?.tokens ?? 0) - cached) }
      return { cached: Math.floor(cached / STEP) * STEP, written: 0 }
    },
    clear: () => seenUntil.clear(),
  }
}

/** The prompt up to each message that ends a cacheable beginning: every message, or the marked ones. */
function prefixes(prompt: Prompt, explicit: boolean): { key: string; tokens: number }[] {
  const found: { key: string; tokens: number }[] = []
  let key = ''
  let characters = 0
  for (const message of prompt.messages) {
    key = hash('sha256', `${key}\n${message.role}\n${message.text}\n${JSON.stringify(message.toolResults)}`, 'hex')
    characters += charactersOf(message)
    const tokens = tokensOfLength(characters)
    if (tokens >= LEAST_TOKENS && (!explicit || message.cacheMark)) found.push({ key, tokens })
  }
  return found
}
