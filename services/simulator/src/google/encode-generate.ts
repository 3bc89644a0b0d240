import type { Answer, AnswerPart } from '../answer/answer.ts'
import { tokensOfLength } from '../answer/count-tokens.ts'
import { splitPart } from '../answer/split-pieces.ts'
import type { StreamScript } from '../dialect.ts'
import { googleError } from './refuse-google.ts'

export interface GenerateShape {
  model: string
  /** Thoughts were asked for; otherwise only their tokens show. */
  thoughtsShown: boolean
  /** Function calls carry a signature (Gemini 3). */
  signatures: boolean
  /** `alt=sse`, or one JSON array that grows. */
  sse: boolean
}

type Part = Record<string, unknown>

/** https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse */
export function encodeGenerate(shape: GenerateShape, answer: Answer, callId: string): string {
  const parts: Part[] = []
  for (const part of answer.parts) {
    if (part.kind === 'reasoning' && !shape.thoughtsShown) continue
    parts.push(partOf(shape, part, part.text, isFirstCall(part, answer)))
  }
  const { usage } = answer
  return `${candidates(answer, parts, finishReason(answer))}${tail(shape, usage, usage.output - usage.reasoning, callId)}`
}

/** https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent. The chunk with `finishReason` is the end. */
export function scriptGenerate(shape: GenerateShape, answer: Answer, callId: string): StreamScript {
  const { usage, copies } = answer
  const generated = usage.output - usage.reasoning
  const chunks: string[] = []
  const characters: number[] = []
  /** Usage runs along: the candidates' tokens so far. */
  let soFar = 0
  const frame = (parts: Part[], tokens: number, finish?: string) => {
    const json = candidates(answer, parts, finish) + tail(shape, usage, tokens, callId)
    return shape.sse ? `data: ${json}\r\n\r\n` : json
  }
  for (const part of answer.parts) {
    if (part.kind === 'reasoning' && !shape.thoughtsShown) continue
    // Calls come whole: the API does not stream their arguments unless asked to.
    const pieces = part.kind === 'tool' ? [part.text] : splitPart(part, answer.chunks)
    for (const piece of pieces) {
      if (part.kind !== 'reasoning') soFar += piece.length * copies
      const separator = shape.sse || chunks.length === 0 ? '' : ',\r\n'
      const encoded = partOf(shape, part, piece, isFirstCall(part, answer))
      chunks.push(separator + frame([encoded], Math.min(generated, tokensOfLength(soFar))))
      characters.push(piece.length * copies)
    }
  }
  const last = frame([{ text: '' }], generated, finishReason(answer))
  return {
    head: shape.sse ? '' : '[',
    chunks,
    characters,
    finish: '',
    terminal: shape.sse ? last : `${chunks.length === 0 ? '' : ',\r\n'}${last}\r\n]`,
    more: (text) => (shape.sse ? '' : ',\r\n') + frame([{ text }], generated),
    error(message = 'The model is overloaded. Please try again later.') {
      const json = googleError(503, message)
      return shape.sse ? `data: ${json}\r\n\r\n` : `,\r\n${json}\r\n]`
    },
  }
}

/** Of parallel calls only the first is signed. */
function isFirstCall(part: AnswerPart, answer: Answer): boolean {
  return part === answer.parts.find(({ kind }) => kind === 'tool')
}

function partOf(shape: GenerateShape, part: AnswerPart, text: string, first: boolean): Part {
  if (part.kind === 'text') return { text }
  if (part.kind === 'reasoning') return { text, thought: true }
  const call = { functionCall: { name: part.name, args: parseArgs(text) } }
  return shape.signatures && first ? { ...call, thoughtSignature: Buffer.from(part.id).toString('base64') } : call
}

function parseArgs(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** The first half of a response; `tail` is the other one. */
function candidates(answer: Answer, parts: Part[], finish?: string): string {
  const content = `{"content":{"parts":${JSON.stringify(parts)},"role":"model"}`
  const reason = finish === undefined ? '' : `,"finishReason":"${finish}"`
  const list = Array.from({ length: answer.copies }, (_, index) => `${content}${reason},"index":${index}}`)
  return `{"candidates":[${list.join(',')}]`
}

function tail({ model }: GenerateShape, usage: Answer['usage'], tokens: number, callId: string): string {
  const { input, cached, reasoning } = usage
  const extra = `${cached === 0 ? '' : `"cachedContentTokenCount":${cached},`}${reasoning === 0 ? '' : `"thoughtsTokenCount":${reasoning},`}`
  const details = `"promptTokensDetails":[{"modality":"TEXT","tokenCount":${input}}]`
  const counts = `"promptTokenCount":${input},"candidatesTokenCount":${tokens},"totalTokenCount":${input + tokens + reasoning}`
  return `,"usageMetadata":{${counts},${extra}${details}},"modelVersion":${JSON.stringify(model)},"responseId":"${callId.slice(4)}"}`
}

/** A stop sequence and a function call are both a plain `STOP`. */
function finishReason(answer: Answer): 'STOP' | 'MAX_TOKENS' {
  return answer.finish === 'length' ? 'MAX_TOKENS' : 'STOP'
}
