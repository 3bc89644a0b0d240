import type { Connection } from './connection.ts'
import type { AnswerKind, Target } from './load.ts'
import { CHUNKS, makePrompt } from './prompt.ts'
import { bodyFault, hasContent, streamFault } from './verify-answer.ts'

/** One request and its answer; times of `performance.now()`. */
export interface Exchange {
  beganMs: number
  /** First content of a stream; null for other answers, and where none came. */
  firstTokenMs: number | null
  endedMs: number
  /** What was wrong. */
  failure: string | null
}

/** Sends one request, reads the whole answer and checks it; never rejects. `onFirstToken` is told of a stream's first content. */
export async function exchange(
  connection: Connection,
  target: Target,
  kind: AnswerKind,
  model: string,
  onFirstToken?: () => void,
): Promise<Exchange> {
  const { body, text } = makePrompt(model, kind === 'stream')
  const request = `${requestHead(target)}content-length: ${body.length}\r\n\r\n${body}`
  const beganMs = performance.now()
  let firstTokenMs: number | null = null

  function look(part: string): void {
    if (kind !== 'stream' || firstTokenMs !== null || !hasContent(part)) return
    firstTokenMs = performance.now()
    onFirstToken?.()
  }

  function faultOf(status: number, answer: string): string | null {
    if (status !== 200) return `status ${status}: ${answer.slice(0, 200)}`
    return kind === 'stream' ? streamFault(answer, text, CHUNKS) : bodyFault(answer, text)
  }

  try {
    const answer = await connection.ask(request, look)
    const endedMs = performance.now()
    return { beganMs, firstTokenMs, endedMs, failure: faultOf(answer.status, answer.body) }
  } catch (error) {
    const failure = `no answer: ${(error as Error).message}`
    return { beganMs, firstTokenMs, endedMs: performance.now(), failure }
  }
}

const heads = new WeakMap<Target, string>()

/** Request line and the headers that are the same for every request of a target. */
function requestHead(target: Target): string {
  let head = heads.get(target)
  if (head === undefined) {
    const lines = Object.entries(target.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    head = `POST ${target.path} HTTP/1.1\r\nhost: ${new URL(target.origin).host}\r\n${lines.join('')}`
    heads.set(target, head)
  }
  return head
}
