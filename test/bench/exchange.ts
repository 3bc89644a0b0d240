import type { Dispatcher } from 'undici'
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
export function exchange(
  pool: Dispatcher,
  target: Target,
  kind: AnswerKind,
  model: string,
  onFirstToken?: () => void,
): Promise<Exchange> {
  const { body, text } = makePrompt(model, kind === 'stream')
  const parts: Buffer[] = []
  const beganMs = performance.now()
  let status = 0
  let firstTokenMs: number | null = null

  return new Promise((resolve) => {
    const end = (failure: string | null) => resolve({ beganMs, firstTokenMs, endedMs: performance.now(), failure })
    pool.dispatch(
      { origin: target.origin, path: target.path, method: 'POST', headers: target.headers, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode
        },
        onResponseData(_controller, part) {
          if (kind === 'stream' && firstTokenMs === null && hasContent(part)) {
            firstTokenMs = performance.now()
            onFirstToken?.()
          }
          parts.push(part)
        },
        onResponseEnd() {
          const answer = Buffer.concat(parts).toString('latin1')
          if (status !== 200) end(`status ${status}: ${answer.slice(0, 200)}`)
          else end(kind === 'stream' ? streamFault(answer, text, CHUNKS) : bodyFault(answer, text))
        },
        onResponseError(_controller, error) {
          end(`no answer: ${error.message}`)
        },
      },
    )
  })
}
