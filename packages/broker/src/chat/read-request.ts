import type { Dialect } from '@switchyard/contract/job'
import { readJson } from '@switchyard/contract/json/read-json'
import { readResponsesRequest } from '../responses/read-responses-request.ts'
import { type ChatIntake, readChatRequest } from './read-chat-request.ts'

/** A dialect, or `either`: the body shows which, for only responses have an `input`. */
export type SpokenDialect = Dialect | 'either'

/** Checks a body in its client's dialect. Throws the `BrokerError` that its sender is to see. */
export function readRequest(bytes: Buffer, dialect: SpokenDialect): ChatIntake {
  const isResponse = dialect === 'either' ? hasInput(readJson(bytes)) : dialect === 'openai-responses'
  return isResponse ? readResponsesRequest(bytes) : readChatRequest(bytes)
}

function hasInput(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'input')
}
