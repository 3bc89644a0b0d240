import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Usage } from '@switchyard/contract/usage'
import { readErrorObject } from '../read-error-body.ts'
import { brokenStream } from './broken-stream.ts'
import type { RawDialect } from './raw-dialect.ts'

interface GeminiUsage {
  promptTokenCount?: number
  toolUsePromptTokenCount?: number
  cachedContentTokenCount?: number
  candidatesTokenCount?: number
  thoughtsTokenCount?: number
}

interface GeminiAnswer {
  error?: unknown
  candidates?: { finishReason?: string; continuationToken?: string }[]
  promptFeedback?: { blockReason?: string }
  usageMetadata?: GeminiUsage
}

/**
 * `generateContent` and `streamGenerateContent`. A chunk with a finish reason is the last one with text, but figures may
 * follow it, so the answer is complete when the body ends after it. An end without a finish reason is a cut.
 */
export function googleDialect(): RawDialect {
  let usage: Usage | null = null
  return {
    endsWithBody: true,
    get usage() {
      return usage
    },
    event(line) {
      const answer = parseAnswer(line)
      if (answer === null)
        return { kind: 'failure', failure: brokenStream('the provider sent an event that is not JSON') }
      const error = answer.error === undefined ? null : readErrorObject(answer)
      if (error !== null) return { kind: 'error', error }
      usage = toUsage(answer.usageMetadata) ?? usage
      const blocked = promptBlock(answer)
      if (blocked !== null) return { kind: 'failure', failure: blocked }
      return { kind: 'pass', line: withoutContinuation(answer) ?? line, last: isFinished(answer) }
    },
    body(text) {
      const answer = parseAnswer(text)
      if (answer === null) return { class: 'server', message: 'the answer is not JSON', status: 200 }
      usage = toUsage(answer.usageMetadata) ?? usage
      const blocked = promptBlock(answer)
      if (blocked !== null) return blocked
      if (!isFinished(answer)) return { class: 'server', message: 'the answer has no finish reason', status: 200 }
      return { text: withoutContinuation(answer) ?? text }
    },
  }
}

function isFinished(answer: GeminiAnswer): boolean {
  const reason = answer.candidates?.[0]?.finishReason
  return reason !== undefined && reason !== '' && reason !== 'FINISH_REASON_UNSPECIFIED'
}

/** A prompt that Gemini does not answer at all: the content filter's refusal, with a 200. */
function promptBlock(answer: GeminiAnswer): AttemptFailure | null {
  const reason = answer.promptFeedback?.blockReason
  if (reason === undefined || reason === '' || reason.endsWith('_UNSPECIFIED') || isFinished(answer)) return null
  const word = /^[A-Z_]{1,40}$/.test(reason) ? reason : 'OTHER'
  return {
    class: 'content_filter',
    message: `the provider refused the prompt (${word})`,
    status: 200,
    body: {
      message: `The provider refused the prompt: ${word}.`,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'content_filter',
    },
  }
}

/**
 * A very long answer may end with `CONTINUATION` and a token, on which the SDK would make another call by itself. One attempt
 * is one call, with one estimate and one row in the ledger, so the answer ends here, with `length`.
 */
function withoutContinuation(answer: GeminiAnswer): string | null {
  if (answer.candidates?.[0]?.continuationToken === undefined) return null
  const candidates = answer.candidates.map(({ continuationToken: _, ...candidate }) => candidate)
  return JSON.stringify({ ...answer, candidates })
}

function toUsage(raw: GeminiUsage | undefined): Usage | null {
  if (raw === undefined || !isCount(raw.promptTokenCount)) return null
  const reasoningTokens = raw.thoughtsTokenCount ?? 0
  return {
    inputTokens: raw.promptTokenCount + (raw.toolUsePromptTokenCount ?? 0),
    cachedInputTokens: raw.cachedContentTokenCount ?? 0,
    cacheWriteTokens: 0,
    outputTokens: (raw.candidatesTokenCount ?? 0) + reasoningTokens,
    reasoningTokens,
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function parseAnswer(text: string): GeminiAnswer | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as GeminiAnswer) : null
  } catch {
    return null
  }
}
