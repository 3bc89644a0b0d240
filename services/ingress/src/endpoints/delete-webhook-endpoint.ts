import { deleteEndpoint } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { noSuchEndpoint, receiverIn } from '../webhooks/own-receiver.ts'

/** `DELETE /v1/webhook_endpoints/{id}`: what waited for it is cancelled. */
export async function deleteWebhookEndpoint(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { project, id } = receiverIn(request)
  if (!(await storeCall(deleteEndpoint(ingress.notifications, project, id)))) throw noSuchEndpoint()
  return { id, object: 'webhook_endpoint.deleted', deleted: true }
}
