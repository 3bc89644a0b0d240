import { ownResponse, type ResponseHead } from '@switchyard/contract/openai-responses/response-object'
import type { ChatSink } from '../chat-call.ts'
import type { ResponsesCall, ResponsesResult } from '../responses-call.ts'
import { showLines } from '../show-lines.ts'
import type { Transport } from '../transport.ts'
import { askResponses } from './ask-responses.ts'
import { readWhole } from './read-whole.ts'
import { relayEvents } from './relay-events.ts'
import { replayResponse } from './replay-response.ts'
import { rewriteRequest } from './rewrite-request.ts'

/** The pass-through of the Responses API: what the client asked goes on, what the provider says comes back under our ids. */
export async function callResponses(
  transport: Transport,
  call: ResponsesCall,
  sink: ChatSink,
): Promise<ResponsesResult> {
  const { upstream, head, firstSequence } = call
  const streaming = call.stream && upstream.streams
  const { model, deployment } = upstream
  const body = rewriteRequest(call.body, {
    model,
    deployment,
    stream: streaming,
    drop: call.drop,
    cache: {
      ends: upstream.promptCache.mode === 'breakpoints' ? (call.promptCache?.ends ?? []) : [],
      minTokens: upstream.promptCache.minTokens,
      key: upstream.promptCache.keyed ? call.promptCache?.key : undefined,
    },
  })
  if (!streaming) return whole(transport, call, body, head, sink)

  const relay = relayEvents(sink, head, firstSequence)
  const answer = await askResponses(transport, call, body, relay)
  const { learned, status: httpStatus } = answer
  const { usage, terminal } = relay
  if (!answer.ok) {
    return { ok: false, failure: answer.failure, usage, httpStatus, learned, sawContent: answer.sawContent }
  }
  const incomplete = relay.response?.incomplete_details?.reason ?? null
  return { ok: true, body: null, usage, httpStatus: answer.status, learned, dropped: [], terminal, incomplete }
}

async function whole(
  transport: Transport,
  call: ResponsesCall,
  body: Buffer,
  head: ResponseHead,
  sink: ChatSink,
): Promise<ResponsesResult> {
  const read = await readWhole(transport, call, body)
  if (!read.ok) return read.result
  const response = ownResponse(head, read.response)
  const incomplete = response.incomplete_details?.reason ?? null
  if (!call.stream) return { ...read.told, body: JSON.stringify(response), incomplete }
  const { events, terminal } = replayResponse(response, call.firstSequence)
  const failure = await showLines(sink, events, call.signal)
  const { usage, httpStatus, learned } = read.told
  if (failure !== null) return { ok: false, failure, usage, httpStatus, learned, sawContent: true }
  return { ...read.told, body: null, terminal, incomplete }
}
