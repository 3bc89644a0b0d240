import type { AnswerPart } from './answer.ts'
import { isLowSurrogate } from './count-tokens.ts'

/** A natural piece is about this long and ends with a space, as tokens in the wild do. */
const NATURAL = 14
/** Arguments of tools come in fragments of about this length, wherever that cuts the JSON. */
const FRAGMENT = 10

/** The pieces of one part of an answer; `chunks` is how many the answer's text shall have. */
export function splitPart(part: AnswerPart, chunks: number | null): string[] {
  if (part.kind === 'text') return splitPieces(part.text, chunks)
  return splitPieces(part.text, part.kind === 'tool' ? Math.ceil(part.text.length / FRAGMENT) : null)
}

/**
 * Cuts a text into the pieces of a stream: about 14 characters each, or exactly `count` when one is given (fewer only when
 * the text has not that many characters). Joined, they are the text; no piece is empty or half of a surrogate pair.
 */
export function splitPieces(text: string, count: number | null): string[] {
  if (text === '') return []
  return count === null ? natural(text) : even(text, Math.min(count, text.length))
}

function natural(text: string): string[] {
  const pieces: string[] = []
  let start = 0
  while (start < text.length) {
    let end = Math.min(start + NATURAL, text.length)
    // To the end of the word, but not through a text without spaces.
    while (end < text.length && end - start < NATURAL * 2 && text.charCodeAt(end - 1) > 32) end++
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end++
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

function even(text: string, count: number): string[] {
  const pieces: string[] = []
  let start = 0
  for (let i = 1; i <= count && start < text.length; i++) {
    let end = i === count ? text.length : Math.max(start + 1, Math.floor((text.length * i) / count))
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end++
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}
