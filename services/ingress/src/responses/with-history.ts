import type { Principal } from '@switchyard/accounts/principal'
import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { JobRecord } from '@switchyard/contract/job'
import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import type { ResponseObject } from '@switchyard/contract/openai-responses/response-object'
import { readResult } from '@switchyard/jobs/read-result'
import { readStoredRequest } from '@switchyard/jobs/read-stored-request'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { findResponse, shown } from './own-response.ts'

const PARAM = 'previous_response_id'
/** As large as a body may be: what a client could not send, it can't collect by chaining either. */
const MAX_BYTES = 32 * 1024 * 1024

/**
 * A request with the input and output of the response before it in front of its own input, so that it says everything by itself:
 * workers need no history, and a response can be deleted without breaking those that followed it. What was asked before stands in the
 * request of the response before, so one step back is enough. Instructions are not carried over. Throws `previous_response_not_found`.
 */
export async function withHistory(
  ingress: Ingress,
  principal: Principal,
  body: Buffer,
  previousResponseId: string,
): Promise<Buffer> {
  const record = await findResponse(ingress, principal, previousResponseId)
  const before = record && (await contextOf(ingress, record, previousResponseId))
  if (!before) {
    const message = `Previous response with id '${shown(previousResponseId)}' not found.`
    throw new BrokerError('previous_response_not_found', message, { param: PARAM })
  }
  const request = JSON.parse(body.toString()) as ResponsesRequest
  const whole = Buffer.from(JSON.stringify({ ...request, input: [...before, ...asItems(request.input)] }))
  if (whole.length > MAX_BYTES) {
    throw new BrokerError('context_length_exceeded', 'The conversation has become too long.', { param: PARAM })
  }
  return whole
}

async function contextOf(ingress: Ingress, record: JobRecord, id: string): Promise<object[] | null> {
  const { jobs } = ingress.broker
  if (record.status !== 'completed') {
    throw new BrokerError('invalid_value', `The response '${shown(id)}' has not completed.`, { param: PARAM })
  }
  const [body, result] = await Promise.all([
    storeCall(readStoredRequest(jobs, record)),
    storeCall(readResult(jobs, record)).catch((error: unknown) => {
      if (BrokerError.is(error) && error.code === 'stream_expired') return null
      throw error
    }),
  ])
  if (body === null || result === null) return null
  const { input } = JSON.parse(body.toString()) as ResponsesRequest
  const { output } = JSON.parse(String(result.body)) as ResponseObject
  const from = answeringAttempt(record.attempts)?.deployment
  return [...asItems(input), ...(output as object[]).flatMap((item) => asInput(item, from))]
}

function asItems(input: ResponsesRequest['input']): object[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input
}

/** An output item as input. Encrypted reasoning notes whose it is: no other deployment can read it. */
function asInput(item: object, from: string | undefined): object[] {
  const { type } = item as { type?: unknown }
  if (type === 'reasoning') return [{ ...item, switchyard_from: from }]
  return type === 'message' || type === 'function_call' ? [item] : []
}
