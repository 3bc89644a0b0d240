import type { ChatCall } from '../chat-call.ts'
import { type Answer, askUpstream, type StreamReader } from '../http/ask-upstream.ts'
import type { Transport } from '../transport.ts'

/** One POST of `/responses`, with a `reader` as a stream. */
export function askResponses(
  transport: Transport,
  call: Pick<ChatCall, 'upstream' | 'attemptId' | 'signal'>,
  body: string | Buffer,
  reader: StreamReader | null,
): Promise<Answer> {
  const { upstream } = call
  const streaming = reader !== null
  return askUpstream(
    transport,
    {
      kind: upstream.kind,
      attemptId: call.attemptId,
      url: `${upstream.baseUrl}/responses`,
      headers: {
        accept: streaming ? 'text/event-stream' : 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        'user-agent': 'switchyard',
        'x-client-request-id': call.attemptId,
        ...(upstream.apiKey === null ? {} : { authorization: `Bearer ${upstream.apiKey}` }),
      },
      body,
      signal: call.signal,
      limits: {
        firstTokenMs: streaming ? upstream.timeouts.firstTokenMs : null,
        idleMs: upstream.timeouts.idleMs,
        totalMs: upstream.timeouts.totalMs,
      },
    },
    reader,
  )
}
