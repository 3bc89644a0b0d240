import { updateEndpoint } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { readJsonBody } from '../read-json-body.ts'
import { storeCall } from '../store-call.ts'
import { checkWebhookUrl } from '../webhooks/check-webhook-url.ts'
import { found, receiverIn } from '../webhooks/own-receiver.ts'
import { webhookEndpointFields } from './create-webhook-endpoint.ts'

export const webhookEndpointChanges = webhookEndpointFields.partial()

/** `POST /v1/webhook_endpoints/{id}`: changes what is given; enables an endpoint that was disabled, even where nothing is. */
export async function updateWebhookEndpoint(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { name, url, event_types } = readJsonBody(request, webhookEndpointChanges)
  if (url !== undefined) checkWebhookUrl(ingress.webhookRules, url, 'url')
  const { project, id } = receiverIn(request)
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(event_types === undefined ? {} : { types: [...new Set(event_types)] }),
  }
  return found(await storeCall(updateEndpoint(ingress.notifications, project, id, changes)))
}
