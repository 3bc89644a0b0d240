import { EVENT_TYPES, eventObject } from '@switchyard/contract/event'
import {
  DELIVERY_STATUSES,
  webhookDelivery,
  webhookEndpointObject,
  webhookEndpointWithSecret,
} from '@switchyard/contract/webhook'
import { z } from 'zod'
import { content, documentSchemas, failures, idempotencyHeaders } from './documents.ts'
import { webhookEndpointFields } from './endpoints/create-webhook-endpoint.ts'
import { eventList } from './endpoints/list-events.ts'
import { redeliveryRange, redeliveryResult } from './endpoints/redeliver-range.ts'
import { secretRotation } from './endpoints/rotate-webhook-secret.ts'
import { webhookTest, webhookTestResult } from './endpoints/test-webhook-endpoint.ts'
import { webhookEndpointChanges } from './endpoints/update-webhook-endpoint.ts'

function listOf(item: z.ZodType) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
}

documentSchemas.add(eventObject, { id: 'Event' })
documentSchemas.add(webhookEndpointObject, { id: 'WebhookEndpoint' })
documentSchemas.add(webhookEndpointWithSecret, { id: 'WebhookEndpointWithSecret' })
documentSchemas.add(webhookDelivery, { id: 'WebhookDelivery' })

const tags = ['webhooks']
const endpointId = z.object({ webhook_endpoint_id: z.string() })
const receiverId = z.object({
  webhook_endpoint_id: z.string().describe('Or `default`: what went to URLs that jobs brought'),
})
const deliveryId = receiverId.extend({ delivery_id: z.string() })
const pageQuery = z.object({
  limit: z.int().min(1).max(100).default(20),
  after: z.string().optional().describe('Id of the last one of the page before'),
})
const after = z
  .string()
  .optional()
  .describe('Id of the last event seen; from the oldest that is kept where it is left out')

/** What the OpenAPI document says of webhooks and events. */
export const webhookDocuments = {
  create: {
    summary: 'Create a webhook endpoint',
    description: 'The signing secret is shown in this answer alone, and in its repeats by idempotency key.',
    tags,
    headers: idempotencyHeaders,
    body: webhookEndpointFields,
    response: { 200: webhookEndpointWithSecret, ...failures },
  },
  list: {
    summary: 'List webhook endpoints',
    tags,
    querystring: pageQuery,
    response: { 200: listOf(webhookEndpointObject), ...failures },
  },
  get: {
    summary: 'Get a webhook endpoint',
    tags,
    params: endpointId,
    response: { 200: webhookEndpointObject, ...failures },
  },
  update: {
    summary: 'Update a webhook endpoint',
    description: 'Any update enables an endpoint that was disabled because it answered 410.',
    tags,
    params: endpointId,
    body: webhookEndpointChanges,
    response: { 200: webhookEndpointObject, ...failures },
  },
  delete: {
    summary: 'Delete a webhook endpoint',
    tags,
    params: endpointId,
    response: {
      200: z.object({ id: z.string(), object: z.literal('webhook_endpoint.deleted'), deleted: z.literal(true) }),
      ...failures,
    },
  },
  rotate: {
    summary: 'Rotate the signing secret of a webhook endpoint',
    description:
      'Both secrets sign for 24 hours, unless told otherwise. `default` is the secret that signs what goes to URLs that jobs bring.',
    tags,
    params: receiverId,
    body: secretRotation,
    response: { 200: webhookEndpointWithSecret, ...failures },
  },
  test: {
    summary: 'Send a sample event to a webhook endpoint',
    tags,
    params: endpointId,
    body: webhookTest,
    response: { 200: webhookTestResult, ...failures },
  },
  eventTypes: {
    summary: 'List webhook event types',
    tags,
    response: { 200: z.object({ object: z.literal('list'), data: z.array(z.enum(EVENT_TYPES)) }), ...failures },
  },
  deliveries: {
    summary: 'List deliveries of a webhook endpoint',
    description: 'Of the last seven days, the newest first; `status=dead` are those that were given up.',
    tags,
    params: receiverId,
    querystring: pageQuery.extend({ status: z.enum(DELIVERY_STATUSES).optional() }),
    response: { 200: listOf(webhookDelivery), ...failures },
  },
  delivery: {
    summary: 'Get a delivery',
    tags,
    params: deliveryId,
    response: { 200: webhookDelivery, ...failures },
  },
  redeliver: {
    summary: 'Deliver once more',
    description: 'A new round of tries with the same `webhook-id`, whatever became of the last one.',
    tags,
    params: deliveryId,
    response: { 200: webhookDelivery, ...failures },
  },
  redeliverRange: {
    summary: 'Deliver everything of a time once more',
    tags,
    params: receiverId,
    body: redeliveryRange,
    response: { 200: redeliveryResult, ...failures },
  },
  events: {
    summary: 'List events of the project',
    description:
      'What webhooks tell, to be asked for; kept for 72 hours. With `accept: text/event-stream` a stream that goes on with what comes.',
    tags: ['events'],
    querystring: z.object({ after, limit: z.int().min(1).max(1_000).default(20) }),
    headers: z.object({ 'last-event-id': z.string().optional().describe('Of a stream: wins over `after`') }),
    response: {
      200: content('The events', {
        'application/json': eventList,
        'text/event-stream': z.string().describe('One server-sent event each, its id being the cursor'),
      }),
      ...failures,
    },
  },
}
