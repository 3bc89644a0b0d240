import { cancel } from '@switchyard/broker/cancel'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownResponse } from '../responses/own-response.ts'
import { responseNow } from '../responses/response-now.ts'
import { storeCall } from '../store-call.ts'

/** `POST /v1/responses/{id}/cancel`: of background responses; idempotent, one that has ended is given as it is. */
export async function cancelResponse(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { response_id } = request.params as { response_id: string }
  const record = await ownResponse(ingress, principalOf(request), response_id)
  if (record.spec.response?.background !== true) {
    throw new BrokerError('invalid_request', 'Cannot cancel a synchronous response.', { param: 'response_id' })
  }
  const now = (await storeCall(cancel(ingress.broker, record.spec.id))) ?? record
  return reply
    .headers({ 'content-type': 'application/json', 'x-request-id': record.spec.id })
    .send(await responseNow(ingress, now))
}
