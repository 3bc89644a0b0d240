import type { AnswerPart, ComposedAnswer } from './answer.ts'
import { countTokens, firstTokens } from './count-tokens.ts'
import type { Prompt } from './prompt.ts'

/** Ends an answer where a stop sequence of its text or `maxTokens` of the whole says so, and names why it ended. */
export function cutAnswer(parts: AnswerPart[], prompt: Prompt, chunks: number | null): ComposedAnswer {
  const stopped = prompt.stop.length === 0 ? null : stopText(parts, prompt.stop)
  const kept = stopped?.parts ?? parts
  const limited = prompt.maxTokens === null ? null : limitTokens(kept, prompt.maxTokens)
  if (limited !== null) return { parts: limited, finish: 'length', stopSequence: null, chunks }
  if (stopped !== null) return { parts: kept, finish: 'stop_sequence', stopSequence: stopped.sequence, chunks }
  return { parts, finish: parts.some((part) => part.kind === 'tool') ? 'tool' : 'stop', stopSequence: null, chunks }
}

function stopText(parts: AnswerPart[], stop: string[]): { parts: AnswerPart[]; sequence: string } | null {
  const at = parts.findIndex((part) => part.kind === 'text')
  const text = parts[at]?.text ?? ''
  const first = stop
    .map((sequence) => ({ sequence, position: text.indexOf(sequence) }))
    .filter(({ position }) => position >= 0)
    .sort((a, b) => a.position - b.position)[0]
  if (first === undefined) return null
  return { parts: parts.with(at, { kind: 'text', text: text.slice(0, first.position) }), sequence: first.sequence }
}

/** Null when everything fits. Reasoning counts towards the limit, as it does upstream. */
function limitTokens(parts: AnswerPart[], maxTokens: number): AnswerPart[] | null {
  const kept: AnswerPart[] = []
  let left = maxTokens
  for (const part of parts) {
    const tokens = countTokens(part.text)
    if (tokens > left) {
      if (left > 0) kept.push({ ...part, text: firstTokens(part.text, left) })
      return kept
    }
    kept.push(part)
    left -= tokens
  }
  return null
}
