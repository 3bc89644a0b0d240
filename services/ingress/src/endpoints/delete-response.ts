import { cancel } from '@switchyard/broker/cancel'
import { eraseJob } from '@switchyard/jobs/erase-job'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownResponse } from '../responses/own-response.ts'
import { storeCall } from '../store-call.ts'

export const deletedResponse = z.object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })

/** `DELETE /v1/responses/{id}`: request, answer and events are gone; one that still runs is cancelled first. */
export async function deleteResponse(
  ingress: Ingress,
  request: FastifyRequest,
): Promise<z.infer<typeof deletedResponse>> {
  const { response_id } = request.params as { response_id: string }
  const { spec } = await ownResponse(ingress, principalOf(request), response_id)
  await storeCall(cancel(ingress.broker, spec.id))
  await storeCall(eraseJob(ingress.broker.jobs, spec.id, spec.project))
  return { id: response_id, object: 'response', deleted: true }
}
