import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerLater } from '../answer-later.ts'
import { answerOnce } from '../answer-once.ts'
import { answerStream } from '../answer-stream.ts'
import { admitChat } from '../chat/admit-chat.ts'
import { admitOnce } from '../idempotency/admit-once.ts'
import type { Ingress } from '../ingress.ts'
import { startRequestSpan } from '../start-request-span.ts'
import { toBrokerError } from '../to-broker-error.ts'

/** `POST /v1/chat/completions`: the request becomes a job; what differs is only how its answer is delivered. */
export async function createChatCompletion(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const span = startRequestSpan(ingress, request, reply, '/v1/chat/completions')
  try {
    const call = { request, reply, span, endpoint: '/v1/chat/completions' }
    const job = await admitOnce(ingress, call, () => admitChat(ingress, request, span))
    // Nobody is there any more: nothing is stored, but what others may come for by its key.
    if (reply.raw.destroyed) return reply.hijack()
    reply.headers(job.headers)
    if (job.preference.kind === 'async') return await answerLater(ingress, job, reply)
    if (job.spec.stream) return await answerStream(ingress, job, reply)
    return await answerOnce(ingress, job, reply)
  } catch (error) {
    span.fail(toBrokerError(error).code)
    throw error
  }
}
