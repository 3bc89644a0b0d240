import type { IncompleteReason } from '@switchyard/contract/job'
import type { ResponseHead } from '@switchyard/contract/openai-responses/response-object'
import type { ChatCall, ChatResult } from './chat-call.ts'

/** As a chat call, but `body` is a Responses request (checked against `contract/openai-responses/request`) and so are the names in `drop`. */
export interface ResponsesCall extends ChatCall {
  head: ResponseHead
  /** Number in the job's log of the first event that this attempt gives to the sink. */
  firstSequence: number
}

/** The sink gets all events but the last: `terminal` is its data line, to be written by whoever settles the job. */
export type ResponsesResult =
  | (Extract<ChatResult, { ok: true }> & { terminal?: string | null; incomplete?: IncompleteReason | null })
  | Extract<ChatResult, { ok: false }>
