import { getEndpoint } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { found, receiverIn } from '../webhooks/own-receiver.ts'

/** `GET /v1/webhook_endpoints/{id}` */
export async function getWebhookEndpoint(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { project, id } = receiverIn(request)
  return found(await storeCall(getEndpoint(ingress.notifications, project, id)))
}
