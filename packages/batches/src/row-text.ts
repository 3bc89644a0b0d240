import type { ErrorBody } from '@switchyard/contract/broker-error'

/** A line's answer, whatever its status. */
export interface LineAnswer {
  customId: string
  jobId: string
  status: number
  /** JSON text. */
  body: string
}

/**
 * A row of an output or error file in OpenAI's shape (https://platform.openai.com/docs/api-reference/batch/request-output). The body's
 * bytes are kept but for line breaks, which JSON has only between its tokens and a line of a file can't have.
 */
export function answerRow({ customId, jobId, status, body }: LineAnswer): string {
  const text = body.replace(/[\r\n]+/g, '')
  return `{"id":${JSON.stringify(requestId(jobId))},"custom_id":${JSON.stringify(customId)},"response":{"status_code":${status},"request_id":${JSON.stringify(jobId)},"body":${text}},"error":null}`
}

/** A line that failed with an error of ours: the answer that a waiting client would have had. */
export function failureRow(line: { customId: string; jobId: string; status: number; error: ErrorBody }): string {
  return answerRow({ ...line, body: JSON.stringify({ error: line.error }) })
}

/** A line that has no answer at all. */
export function unfinishedRow(line: { customId: string; jobId: string; code: string; message: string }): string {
  const { customId, jobId, code, message } = line
  return JSON.stringify({ id: requestId(jobId), custom_id: customId, response: null, error: { code, message } })
}

function requestId(jobId: string): string {
  return `batch_req_${jobId.slice(4)}`
}
