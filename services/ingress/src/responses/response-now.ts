import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import { assembleResponse } from '@switchyard/contract/openai-responses/assemble-response'
import { numbered, responseError } from '@switchyard/contract/openai-responses/event-data'
import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import { newResponse, type ResponseObject, responseHead } from '@switchyard/contract/openai-responses/response-object'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { readStoredRequest } from '@switchyard/jobs/read-stored-request'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** The response object of a job as it is now: what it came to, or how far it is. */
export async function responseNow(ingress: Ingress, record: JobRecord): Promise<Buffer | string | ResponseObject> {
  const { jobs } = ingress.broker
  const { spec, status, failure } = record
  if (status === 'completed' && failure === null) return (await storeCall(readResult(jobs, record))).body
  const request = await storeCall(requestOf(ingress, record))
  if (!isTerminal(status) || failure === null) {
    return newResponse(responseHead(spec), request, status === 'queued' ? 'queued' : 'in_progress')
  }
  const ended = { status: status === 'cancelled' ? ('cancelled' as const) : ('failed' as const), error: failure.error }
  if (spec.stream) {
    const entries = await storeCall(readEvents(jobs, record, -1))
    const response = assembleResponse(
      entries.map(({ data, seq }) => numbered(data, seq)),
      ended,
    )
    if (response !== null) return { ...newResponse(responseHead(spec), request, ended.status), ...keepSaid(response) }
  }
  return { ...newResponse(responseHead(spec), request, ended.status), error: responseError(failure.error) }
}

/** What the stream said; the parameters are the request's. */
function keepSaid({ status, error, output, model }: ResponseObject): Partial<ResponseObject> {
  return { status, error, output, model }
}

async function requestOf(ingress: Ingress, record: JobRecord): Promise<Partial<ResponsesRequest> | null> {
  const body = await readStoredRequest(ingress.broker.jobs, record)
  return body === null ? null : (JSON.parse(body.toString()) as ResponsesRequest)
}
