import type { Dialect } from '@switchyard/contract/job'
import { readResponsesRequest } from '../responses/read-responses-request.ts'
import { type ChatIntake, readChatRequest } from './read-chat-request.ts'

/** Checks a body in its client's dialect. Throws the `BrokerError` that its sender is to see. */
export function readRequest(bytes: Buffer, dialect: Dialect): ChatIntake {
  return dialect === 'openai-responses' ? readResponsesRequest(bytes) : readChatRequest(bytes)
}
