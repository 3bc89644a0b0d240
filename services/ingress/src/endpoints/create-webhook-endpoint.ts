import { EVENT_TYPES } from '@switchyard/contract/event'
import { fingerprintOf } from '@switchyard/jobs/idempotency'
import { createEndpoint, getEndpointWithSecret, newEndpointId } from '@switchyard/notifications/endpoints'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import { createOnce } from '../idempotency/create-once.ts'
import { readIdempotencyKey } from '../idempotency/read-idempotency-key.ts'
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
export async function createWebhookEndpoint(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { project } = principalOf(request)
  const key = readIdempotencyKey(request)
  const { name, url, event_types } = readJsonBody(request, webhookEndpointFields)
  checkWebhookUrl(ingress.webhookRules, url, 'url')
  const fields = { name, url, types: [...new Set(event_types)] }
  const fingerprint = () => fingerprintOf('/v1/webhook_endpoints', request.body as Buffer)
  return createOnce(ingress, key === undefined ? null : { project, key, fingerprint: fingerprint() }, reply, {
    find: (id) => storeCall(getEndpointWithSecret(ingress.notifications, project, id)),
    newId: newEndpointId,
    make: (id) => storeCall(createEndpoint(ingress.notifications, project, fields, id)),
  })
}
