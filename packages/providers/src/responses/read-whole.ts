import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ChatCall, ChatResult } from '../chat-call.ts'
import { classifyError } from '../classify-error.ts'
import { readErrorObject } from '../read-error-body.ts'
import type { Transport } from '../transport.ts'
import { askResponses } from './ask-responses.ts'
import { type Fields, failedResponse, isFields, readResponseUsage } from './read-response.ts'

type Whole =
  | { ok: true; response: Fields; told: Omit<Extract<ChatResult, { ok: true }>, 'body'> }
  | { ok: false; result: ChatResult }

/** Asks for a response in one piece and makes sure that it is one that ended. */
export async function readWhole(transport: Transport, call: ChatCall, body: string | Buffer): Promise<Whole> {
  const answer = await askResponses(transport, call, body, null)
  const { learned, status: httpStatus } = answer
  const failed = (failure: AttemptFailure, response: Fields | null = null): Whole => {
    const usage = readResponseUsage(response?.usage)
    return { ok: false, result: { ok: false, failure, usage, httpStatus, learned, sawContent: false } }
  }
  if (!answer.ok) return failed(answer.failure)
  const response = parse(answer.text)
  if (response === undefined) return failed({ class: 'server', message: 'the answer is not JSON', status: httpStatus })
  if (!isFields(response) || !Array.isArray(response.output)) {
    const error = readErrorObject(response)
    if (error !== null) return failed(classifyError(call.upstream.kind, error.status ?? 500, {}, answer.text))
    return failed({ class: 'server', message: 'the answer is not a response', status: httpStatus })
  }
  if (response.status === 'failed') return failed(failedResponse(response, false), response)
  if (response.status !== 'completed' && response.status !== 'incomplete') {
    return failed({ class: 'server', message: 'the provider gave a response that has not ended', status: httpStatus })
  }
  const usage = readResponseUsage(response.usage)
  return { ok: true, response, told: { ok: true, usage, httpStatus: answer.status, learned, dropped: [] } }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
