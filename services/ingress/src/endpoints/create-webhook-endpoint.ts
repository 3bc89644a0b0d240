import { EVENT_TYPES } from '@switchyard/contract/event'
import { createEndpoint } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { readJsonBody } from '../read-json-body.ts'
import { storeCall } from '../store-call.ts'
import { checkWebhookUrl } from '../webhooks/check-webhook-url.ts'

/** What a webhook endpoint is made of; unknown fields are refused, they would be ignored otherwise. */
export const webhookEndpointFields = z.strictObject({
  name: z.string().min(1).max(256),
  url: z.string().describe('https, public; under `npm start` also this machine'),
  event_types: z.array(z.enum(EVENT_TYPES)).min(1).max(50),
})

/** `POST /v1/webhook_endpoints`: the answer holds the signing secret, which is not shown again. */
export async function createWebhookEndpoint(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { name, url, event_types } = readJsonBody(request, webhookEndpointFields)
  checkWebhookUrl(ingress.webhookRules, url, 'url')
  const fields = { name, url, types: [...new Set(event_types)] }
  return storeCall(createEndpoint(ingress.notifications, principalOf(request).project, fields))
}
