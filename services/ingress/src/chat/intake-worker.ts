import { parentPort } from 'node:worker_threads'
import { readChatRequest } from '@switchyard/broker/chat/read-chat-request'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { IntakeAnswer, IntakeQuestion } from './intake-thread.ts'

/** The body of an intake thread (intake-thread.ts): one question, one answer; the bytes travel there and back without a copy. */
parentPort?.on('message', ({ id, body }: IntakeQuestion) => {
  parentPort?.postMessage(answer(id, body), [body])
})

function answer(id: number, body: ArrayBuffer): IntakeAnswer {
  try {
    return { id, body, intake: readChatRequest(Buffer.from(body)) }
  } catch (error) {
    if (BrokerError.is(error))
      return { id, body, refusal: { code: error.code, message: error.message, param: error.param } }
    return { id, body, fault: error instanceof Error ? error.message : 'unknown' }
  }
}
