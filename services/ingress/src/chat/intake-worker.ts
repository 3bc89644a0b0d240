import { parentPort } from 'node:worker_threads'
import { readRequest, type SpokenDialect } from '@switchyard/broker/chat/read-request'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { IntakeAnswer, IntakeQuestion } from './intake-thread.ts'

/** The body of an intake thread (intake-thread.ts): one question, one answer; the bytes travel there and back without a copy. */
parentPort?.on('message', ({ id, dialect, body }: IntakeQuestion) => {
  parentPort?.postMessage(answer(id, dialect, body), [body])
})

function answer(id: number, dialect: SpokenDialect, body: ArrayBuffer): IntakeAnswer {
  try {
    return { id, body, intake: readRequest(Buffer.from(body), dialect) }
  } catch (error) {
    if (BrokerError.is(error))
      return { id, body, refusal: { code: error.code, message: error.message, param: error.param } }
    return { id, body, fault: error instanceof Error ? error.message : 'unknown' }
  }
}
