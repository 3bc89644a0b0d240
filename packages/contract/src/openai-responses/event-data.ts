import type { ErrorBody } from '../broker-error.ts'
import type { JobSpec, TerminalStatus } from '../job.ts'
import { newResponse, responseHead } from './response-object.ts'

/**
 * One event of a Responses stream as its data line. `type` comes first, which is what `toSse` reads the SSE event name from;
 * `sequence_number` is the event's number in the job's log, and so its SSE id.
 */
export function eventData(type: string, sequenceNumber: number, fields: object): string {
  return `{"type":${JSON.stringify(type)},"sequence_number":${sequenceNumber},${JSON.stringify(fields).slice(1)}`
}

const UNNUMBERED = '"sequence_number":null,'

/**
 * The last event of a response that did not complete. Whoever cancels or expires a job does not know how long its log is, so the
 * number is left open and given by `numbered` when the entry is read. A cancelled response ends with `response.failed` too, its
 * status says which: the SDKs know no other end (https://platform.openai.com/docs/api-reference/responses-streaming).
 */
export function failedEvent(spec: JobSpec, status: Exclude<TerminalStatus, 'completed'>, error: ErrorBody): string {
  const response = newResponse(responseHead(spec), null, status === 'cancelled' ? 'cancelled' : 'failed')
  const ended = { ...response, error: responseError(error) }
  return `{"type":"response.failed",${UNNUMBERED}"response":${JSON.stringify(ended)}}`
}

/** A job's failure in the words of a response object. */
export function responseError({ code, message }: ErrorBody): { code: string; message: string } {
  return { code: code ?? 'server_error', message }
}

/** The data of a terminal entry with its number, where it was written without one. */
export function numbered(data: string, sequenceNumber: number): string {
  const at = '{"type":"response.failed",'.length
  return data.startsWith(UNNUMBERED, at)
    ? `${data.slice(0, at)}"sequence_number":${sequenceNumber},${data.slice(at + UNNUMBERED.length)}`
    : data
}
