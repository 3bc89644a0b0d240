import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import { parseTraceparent } from '@switchyard/telemetry/traceparent'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerLater } from '../answer-later.ts'
import { answerOnce } from '../answer-once.ts'
import { answerStream } from '../answer-stream.ts'
import { admitChat } from '../chat/admit-chat.ts'
import type { Ingress } from '../ingress.ts'
import { toBrokerError } from '../to-broker-error.ts'

const ROUTE = '/v1/chat/completions'
const REQUEST_SPAN = SPAN.request('POST', ROUTE)

/** `POST /v1/chat/completions`: the request becomes a job; what differs is only how its answer is delivered. */
export async function createChatCompletion(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { raw } = reply
  const span = startSpan(ingress.telemetry, REQUEST_SPAN, {
    parent: parseTraceparent(request.headers.traceparent),
    kind: 'server',
    attributes: { [ATTR.httpMethod]: 'POST', [ATTR.httpRoute]: ROUTE },
  })
  if (span.recording) {
    raw.once('close', () => {
      span.set({ [ATTR.httpStatus]: raw.statusCode })
      span.end()
    })
  }
  try {
    const job = await admitChat(ingress, request, span)
    // Nobody is there any more: nothing is stored.
    if (raw.destroyed) return reply.hijack()
    if (job.preference.kind === 'async') return await answerLater(ingress, job, reply)
    if (job.spec.stream) return await answerStream(ingress, job, reply)
    return await answerOnce(ingress, job, reply)
  } catch (error) {
    span.fail(toBrokerError(error).code)
    throw error
  }
}
