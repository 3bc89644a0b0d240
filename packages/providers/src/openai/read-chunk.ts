import type { Usage } from '@switchyard/contract/usage'
import { type ProviderError, readErrorObject } from '../read-error-body.ts'
import { readUsage } from './read-usage.ts'

/** What has to be known of one data line of a stream; the line itself travels on untouched. */
export type ChunkFacts =
  | { kind: 'chunk'; content: boolean; usage: Usage | null /** No choices, only usage. */; usageOnly: boolean }
  | { kind: 'error'; error: ProviderError }
  | { kind: 'malformed' }

const TEXT: ChunkFacts = { kind: 'chunk', content: true, usage: null, usageOnly: false }
const NO_TEXT: ChunkFacts = { kind: 'chunk', content: false, usage: null, usageOnly: false }
const MALFORMED: ChunkFacts = { kind: 'malformed' }

const MARK = '"content":"'
/** Some servers end every line differently (OpenAI's `obfuscation`); with them we stop trying. */
const MAX_TEMPLATES = 8
/** Exactly the inside of a JSON string (https://www.rfc-editor.org/rfc/rfc8259#section-7). */
const STRING_INSIDE = /^(?:[ !#-[\]-\uffff]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*$/

/**
 * A reader for one stream. Nearly all lines of a stream are alike but for their text, so a line that was parsed becomes a
 * template: one that begins and ends like it and has a well-formed string between needs no parsing, and is as certain to be
 * valid (0.3 µs against 1.4 µs for a usual chunk on Node 24).
 */
export function createChunkReader(): (data: string) => ChunkFacts {
  let prefix = ''
  let suffix = ''
  let templates = 0
  return (data) => {
    const end = data.length - suffix.length
    // Comparing parts takes a third of the time of startsWith and endsWith.
    if (
      prefix !== '' &&
      end >= prefix.length &&
      data.slice(0, prefix.length) === prefix &&
      data.slice(end) === suffix
    ) {
      const text = data.slice(prefix.length, end)
      if (STRING_INSIDE.test(text)) return text === '' ? NO_TEXT : TEXT
    }
    const facts = parseChunk(data)
    if (facts === TEXT && templates < MAX_TEMPLATES) {
      templates++
      const from = data.indexOf(MARK) + MARK.length
      const to = from < MARK.length ? -1 : endOfString(data, from)
      // It may stand for others only if this text is all that the line shows: without it, it shows nothing.
      if (to !== -1 && parseChunk(data.slice(0, from) + data.slice(to)) === NO_TEXT) {
        prefix = data.slice(0, from)
        suffix = data.slice(to)
      }
    }
    return facts
  }
}

function parseChunk(data: string): ChunkFacts {
  let chunk: unknown
  try {
    chunk = JSON.parse(data)
  } catch {
    return MALFORMED
  }
  if (!isRecord(chunk)) return MALFORMED
  if (chunk.error !== undefined && chunk.error !== null) {
    return { kind: 'error', error: readErrorObject(chunk) ?? NO_DETAIL }
  }
  if (!Array.isArray(chunk.choices)) {
    const error = readErrorObject(chunk)
    if (error !== null) return { kind: 'error', error }
    if (chunk.object !== 'chat.completion.chunk' && !isRecord(chunk.usage)) return MALFORMED
  }
  const choices = Array.isArray(chunk.choices) ? chunk.choices : []
  const content = choices.some((choice) => isRecord(choice) && isRecord(choice.delta) && showsSomething(choice.delta))
  if (!isRecord(chunk.usage)) return content ? TEXT : NO_TEXT
  return { kind: 'chunk', content, usage: readUsage(chunk.usage), usageOnly: choices.length === 0 }
}

const NO_DETAIL: ProviderError = {
  message: null,
  type: null,
  code: null,
  param: null,
  reasons: [],
  retryAfterMs: undefined,
  status: null,
}

/** Text, reasoning, refusal, a tool call or audio: something that a user or a program has seen once it was sent. */
function showsSomething(delta: Record<string, unknown>): boolean {
  for (const [field, value] of Object.entries(delta)) {
    if (field === 'role') continue
    if (typeof value === 'string' ? value !== '' : Array.isArray(value) ? value.length > 0 : isRecord(value))
      return true
  }
  return false
}

/** The offset of the quote that closes a string whose inside starts at `from`; -1 where there is none. */
function endOfString(data: string, from: number): number {
  for (let at = data.indexOf('"', from); at !== -1; at = data.indexOf('"', at + 1)) {
    let slashes = 0
    while (data[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
