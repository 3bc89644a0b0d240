import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import { newResponse, responseHead } from '@switchyard/contract/openai-responses/response-object'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerLater } from '../answer-later.ts'
import { answerOnce } from '../answer-once.ts'
import { answerStream } from '../answer-stream.ts'
import type { AdmittedJob } from '../chat/admit-chat.ts'
import { enqueue } from '../enqueue.ts'
import { admitOnce } from '../idempotency/admit-once.ts'
import type { Ingress } from '../ingress.ts'
import { admitResponse } from '../responses/admit-response.ts'
import { responseNow } from '../responses/response-now.ts'
import { startRequestSpan } from '../start-request-span.ts'
import { toBrokerError } from '../to-broker-error.ts'

/** `POST /v1/responses`: a job like any other; in the background it is answered as queued, or followed from its first event on. */
export async function createResponse(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const span = startRequestSpan(ingress, request, reply, '/v1/responses')
  try {
    const call = { request, reply, span, endpoint: '/v1/responses' }
    const job = await admitOnce(ingress, call, () => admitResponse(ingress, request, span))
    // Nobody is there any more: nothing is stored, but what others may come for by its key.
    if (reply.raw.destroyed) return reply.hijack()
    reply.headers(job.headers)
    if (job.preference.kind === 'async') return await answerLater(ingress, job, reply)
    if (job.spec.stream) return await answerStream(ingress, job, reply)
    const inBackground = job.spec.response?.background === true && job.preference.kind === 'none'
    return await (inBackground ? answerQueued(ingress, job, reply) : answerOnce(ingress, job, reply))
  } catch (error) {
    span.fail(toBrokerError(error).code)
    throw error
  }
}

async function answerQueued(ingress: Ingress, job: AdmittedJob, reply: FastifyReply): Promise<FastifyReply> {
  await enqueue(ingress, job, null)
  reply.header('x-request-id', job.spec.id)
  if (job.stored) return reply.header('content-type', 'application/json').send(await responseNow(ingress, job.stored))
  const request = JSON.parse(job.body.toString()) as ResponsesRequest
  return reply.send(newResponse(responseHead(job.spec), request, 'queued'))
}
