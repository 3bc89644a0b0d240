import { Worker } from 'node:worker_threads'
import type { ChatIntake } from '@switchyard/broker/chat/read-chat-request'
import type { SpokenDialect } from '@switchyard/broker/chat/read-request'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { ErrorCode } from '@switchyard/contract/error-table'

export interface IntakeQuestion {
  id: number
  dialect: SpokenDialect
  body: ArrayBuffer
}

export type IntakeAnswer = { id: number; body: ArrayBuffer } & (
  | { intake: ChatIntake }
  | { refusal: { code: ErrorCode; message: string; param: string | null } }
  | { fault: string }
)

interface Waiting {
  resolve(answer: { intake: ChatIntake; bytes: Buffer }): void
  reject(error: Error): void
}

export interface IntakeThread {
  /** Bodies under way. */
  waiting(): number
  /** Takes the bytes away from the caller (they are transferred) and gives them back with the answer. */
  read(bytes: Buffer, dialect: SpokenDialect): Promise<{ intake: ChatIntake; bytes: Buffer }>
  stop(): Promise<void>
}

/** A thread that reads large bodies. Should it die (out of memory), what it held is refused with 503 and the next body gets a new one. */
export function startIntakeThread(): IntakeThread {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | null = null
  let lastId = 0

  function start(): Worker {
    const started = new Worker(new URL('./intake-worker.ts', import.meta.url), { name: 'intake' })
    started.unref()
    started.on('message', (answer: IntakeAnswer) => {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('intake' in answer) asked?.resolve({ intake: answer.intake, bytes: Buffer.from(answer.body) })
      else asked?.reject(toError(answer))
    })
    started.on('error', () => {})
    started.on('exit', () => {
      if (worker === started) worker = null
      for (const asked of waiting.values()) asked.reject(unavailable())
      waiting.clear()
    })
    return started
  }

  return {
    waiting: () => waiting.size,
    read(bytes, dialect) {
      worker ??= start()
      const id = ++lastId
      const body = ownBuffer(bytes)
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        worker?.postMessage({ id, dialect, body } satisfies IntakeQuestion, [body])
      })
    },
    async stop() {
      await worker?.terminate()
    },
  }
}

/** Only a buffer that is nobody else's may be transferred; small ones share a pool. */
function ownBuffer(bytes: Buffer): ArrayBuffer {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer
  return new Uint8Array(bytes).buffer
}

function toError(answer: Extract<IntakeAnswer, { refusal: object } | { fault: string }>): Error {
  if ('fault' in answer) return new Error(`intake thread: ${answer.fault}`)
  const { code, message, param } = answer.refusal
  return new BrokerError(code, message, param === null ? {} : { param })
}

function unavailable(): BrokerError {
  return new BrokerError('service_unavailable', 'The server could not read the body. Try again.', {
    retryAfterMs: 1_000,
  })
}
