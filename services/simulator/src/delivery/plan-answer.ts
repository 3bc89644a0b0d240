import type { Answer } from '../answer/answer.ts'
import type { StreamScript } from '../dialect.ts'
import type { ModelSettings } from '../limits/model-settings.ts'
import type { DeliveryPlan } from './delivery-plan.ts'

/** A faultless stream: the head with the first chunk, finish and terminal marker with the last one. */
export function planStream(script: StreamScript, headers: string[], settings: ModelSettings): DeliveryPlan {
  const writes: (string | Buffer)[] = script.chunks.slice()
  const characters = script.characters.slice()
  if (writes.length === 0) {
    writes.push('')
    characters.push(0)
  }
  writes[0] = script.head + writes[0]
  writes[writes.length - 1] += script.finish + script.terminal
  return { ...paced(headers, settings), writes, characters }
}

/** A faultless answer in one piece, after `firstTokenMs`. */
export function planWhole(body: string, answer: Answer, headers: string[], settings: ModelSettings): DeliveryPlan {
  headers.push('content-length', String(Buffer.byteLength(body)))
  return { ...paced(headers, settings), writes: [body], characters: [generated(answer)] }
}

/** An error, at once. */
export function planRefusal(status: number, headers: string[], body: string): DeliveryPlan {
  return {
    ...NO_PACE,
    status,
    headers: [...headers, 'content-length', String(Buffer.byteLength(body))],
    writes: [body],
    characters: [0],
  }
}

function generated(answer: Answer): number {
  let characters = 0
  for (const part of answer.parts) characters += part.text.length
  return characters * answer.copies
}

const NO_PACE = {
  silent: false,
  firstMs: 0,
  gapMs: 0,
  jitterMs: 0,
  pause: null,
  ending: 'end',
  repeat: '',
  stray: null,
} as const

function paced(headers: string[], settings: ModelSettings) {
  const { firstTokenMs: firstMs, chunkDelayMs: gapMs, jitterMs } = settings
  return { ...NO_PACE, status: 200, headers, firstMs, gapMs, jitterMs }
}
