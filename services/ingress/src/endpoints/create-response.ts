import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import { newResponse, responseHead } from '@switchyard/contract/openai-responses/response-object'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerLater } from '../answer-later.ts'
import { answerOnce } from '../answer-once.ts'
import { answerStream } from '../answer-stream.ts'
import type { AdmittedJob } from '../chat/admit-chat.ts'
import { enqueue } from '../enqueue.ts'
import type { Ingress } from '../ingress.ts'
import { admitResponse } from '../responses/admit-response.ts'
import { startRequestSpan } from '../start-request-span.ts'
import { toBrokerError } from '../to-broker-error.ts'

/** `POST /v1/responses`: a job like any other; in the background it is answered as queued, or followed from its first event on. */
export async function createResponse(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const span = startRequestSpan(ingress, request, reply, '/v1/responses')
  try {
    const job = await admitResponse(ingress, request, span)
    // Nobody is there any more: nothing is stored.
    if (reply.raw.destroyed) return reply.hijack()
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
  const request = JSON.parse(job.body.toString()) as ResponsesRequest
  return reply.header('x-request-id', job.spec.id).send(newResponse(responseHead(job.spec), request, 'queued'))
}
