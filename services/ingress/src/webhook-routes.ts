import type { FastifyInstance } from 'fastify'
import { createWebhookEndpoint } from './endpoints/create-webhook-endpoint.ts'
import { deleteWebhookEndpoint } from './endpoints/delete-webhook-endpoint.ts'
import { getDelivery } from './endpoints/get-delivery.ts'
import { getWebhookEndpoint } from './endpoints/get-webhook-endpoint.ts'
import { listDeliveries } from './endpoints/list-deliveries.ts'
import { listEvents } from './endpoints/list-events.ts'
import { listWebhookEndpoints } from './endpoints/list-webhook-endpoints.ts'
import { listWebhookEventTypes } from './endpoints/list-webhook-event-types.ts'
import { redeliverOne } from './endpoints/redeliver-one.ts'
import { redeliverRange } from './endpoints/redeliver-range.ts'
import { rotateWebhookSecret } from './endpoints/rotate-webhook-secret.ts'
import { testWebhookEndpoint } from './endpoints/test-webhook-endpoint.ts'
import { updateWebhookEndpoint } from './endpoints/update-webhook-endpoint.ts'
import type { Ingress } from './ingress.ts'
import { webhookDocuments as documents } from './webhook-documents.ts'

const ALL = '/v1/webhook_endpoints'
const ONE = `${ALL}/:webhook_endpoint_id`
const DELIVERY = `${ONE}/deliveries/:delivery_id`
/** Names, a URL and some event types. */
const BODY_BYTES = 16 * 1024

/** Webhook endpoints, their deliveries, and the feed of events. */
export function registerWebhookRoutes(app: FastifyInstance, ingress: Ingress): void {
  const reading = { access: 'webhooks.read' } as const
  const writing = { access: 'webhooks.write' } as const
  const sending = { access: 'webhooks.write', json: true } as const
  const bodyLimit = BODY_BYTES

  app.post(ALL, { config: sending, schema: documents.create, bodyLimit }, (request, reply) =>
    createWebhookEndpoint(ingress, request, reply),
  )
  app.get(ALL, { config: reading, schema: documents.list }, (request) => listWebhookEndpoints(ingress, request))
  app.get(ONE, { config: reading, schema: documents.get }, (request) => getWebhookEndpoint(ingress, request))
  app.post(ONE, { config: writing, schema: documents.update, bodyLimit }, (request) =>
    updateWebhookEndpoint(ingress, request),
  )
  app.delete(ONE, { config: writing, schema: documents.delete, bodyLimit }, (request) =>
    deleteWebhookEndpoint(ingress, request),
  )
  app.post(`${ONE}/rotate_secret`, { config: writing, schema: documents.rotate, bodyLimit }, (request) =>
    rotateWebhookSecret(ingress, request),
  )
  app.post(`${ONE}/test`, { config: sending, schema: documents.test, bodyLimit }, (request) =>
    testWebhookEndpoint(ingress, request),
  )
  app.get(`${ONE}/deliveries`, { config: reading, schema: documents.deliveries }, (request) =>
    listDeliveries(ingress, request),
  )
  app.get(DELIVERY, { config: reading, schema: documents.delivery }, (request) => getDelivery(ingress, request))
  app.post(`${DELIVERY}/redeliver`, { config: writing, schema: documents.redeliver, bodyLimit }, (request) =>
    redeliverOne(ingress, request),
  )
  app.post(`${ONE}/redeliver`, { config: sending, schema: documents.redeliverRange, bodyLimit }, (request) =>
    redeliverRange(ingress, request),
  )
  app.get('/v1/webhook_event_types', { config: reading, schema: documents.eventTypes }, async () =>
    listWebhookEventTypes(),
  )
  app.get('/v1/events', { config: { access: 'events.read' }, schema: documents.events }, (request, reply) =>
    listEvents(ingress, request, reply),
  )
}
