import type { IncomingMessage } from 'node:http'
import type { Answer } from './answer/answer.ts'
import type { Prompt } from './answer/prompt.ts'
import type { CacheRules, PromptBlock } from './answer/prompt-cache.ts'
import type { Admission } from './limits/admission.ts'
import type { ModelSettings } from './limits/model-settings.ts'
import type { Refusal } from './refusal.ts'

export const DIALECTS = ['openai', 'anthropic', 'google'] as const
export type DialectName = (typeof DIALECTS)[number]

/** What can go wrong with any call; every dialect has its own shape for it. */
export type Trouble =
  | { kind: 'status'; status: number; message?: string; retryAfter?: number | string }
  | {
      kind: 'rate_limited'
      scope: 'requests' | 'tokens' | 'in_flight'
      model: string
      limit: number
      used: number
      requested: number
      retryAfterMs: number
    }
  | { kind: 'context_length'; model: string; tokens: number; window: number }
  | { kind: 'body_too_large'; mostBytes: number }
  | { kind: 'not_found'; method: string; path: string }

/** One upstream API as this service speaks it. Each lives in its own folder; none knows another. */
export interface Dialect {
  name: DialectName
  /** Everything under this path is this dialect's. */
  prefix: string
  /** Whether a path (without query) is an endpoint that takes calls. */
  takesCalls(path: string): boolean
  /** The JSON of a path that is only read (the list of models); null where there is none. */
  resource(path: string): string | null
  /** The caller's key. Throws the API's own refusal for a missing one and for `invalid`. */
  authenticate(opening: Opening): string
  /** Validates a body as strictly as the API does. Throws a `Refusal`. */
  read(body: Buffer, opening: Opening): Turn
  refuse(trouble: Trouble, callId: string): Refusal
  /** Flat pairs for every answer of an accepted call, without content type and length. */
  headers(admission: Admission, callId: string, processingMs: number): string[]
}

/** A request whose body is there, before anything was checked. */
export interface Opening {
  request: IncomingMessage
  /** Without the query. */
  path: string
  query: URLSearchParams
  callId: string
  settings(model: string): ModelSettings
}

/** A validated request, and how its answer is written. */
export interface Turn {
  model: string
  stream: boolean
  prompt: Prompt
  /** Largest prompt, in tokens, that the model takes. */
  contextWindow: number
  /** What the API keeps of prompts like this one, and in which pieces it reads it; null: nothing. */
  cache: { rules: CacheRules; blocks(): PromptBlock[] } | null
  /** How many times the same answer is given (`n`, `candidateCount`). */
  copies: number
  /** False for endpoints that generate nothing (embeddings): their answer has no parts. */
  generates: boolean
  contentType: string
  whole(answer: Answer, callId: string): string
  script(answer: Answer, callId: string): StreamScript
}

/** A stream as a list of writes, each whole events. */
export interface StreamScript {
  /** Sent with the first chunk. */
  head: string
  chunks: string[]
  /** Characters of generated text in each chunk, for the ledger of a stream that is cut. */
  characters: number[]
  /** Between the last chunk and the terminal marker: finish reason, usage. */
  finish: string
  /** What makes the stream complete: `[DONE]`, `message_stop`, a `finishReason`. */
  terminal: string
  /** One more content chunk, for faults that never end. */
  more(text: string): string
  /** The event that the API sends when it fails in the middle of a stream. */
  error(message: string | undefined): string
}
