import type { IncomingHttpHeaders } from 'node:http'
import type { AttemptFailure } from '@switchyard/contract/error-class'

const EXPECTED = {
  events: { type: 'text/event-stream', words: 'an event stream', class: 'broken_stream' },
  json: { type: 'application/json', words: 'JSON', class: 'server' },
} as const

/**
 * Is this head the begin of the answer that was asked for, an error to read, or neither? A body in an encoding that nobody
 * asked for is not unpacked (a bomb needs no password), and an echoed request id of another call means that a connection
 * delivers somebody else's answer.
 */
export function judgeHead(
  status: number,
  headers: IncomingHttpHeaders,
  expected: 'events' | 'json',
  attemptId: string,
): 'answer' | 'error' | AttemptFailure {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity' && encoding !== '') {
    return { class: 'server', message: 'the provider compressed its answer unasked', status }
  }
  const echoed = headers['x-client-request-id']
  if (typeof echoed === 'string' && echoed !== attemptId) {
    return { class: 'server', message: 'the provider answered another request on this connection', status }
  }
  if (status < 200 || status > 299) return 'error'
  const { type, words, class: failureClass } = EXPECTED[expected]
  const contentType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // `application/problem+json` and the like are JSON as well.
  if (contentType === type || (expected === 'json' && contentType.endsWith('+json'))) return 'answer'
  return { class: failureClass, message: `the provider did not answer with ${words}`, status }
}
