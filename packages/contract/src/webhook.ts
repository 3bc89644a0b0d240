import { z } from 'zod'
import { eventObject } from './event.ts'

const seconds = z.int().describe('Unix time in seconds')

/** By what a webhook that comes back to us is known (RFC 8586); whoever passes requests on keeps it. */
export const LOOP_HEADER = 'cdn-loop'
export const LOOP_TOKEN = 'switchyard'

/** OpenAI's webhook endpoint; `status` and `disabled_reason` are ours. */
export const webhookEndpointObject = z.object({
  id: z.string(),
  object: z.literal('webhook_endpoint'),
  name: z.string(),
  url: z.string(),
  event_types: z.array(z.string()),
  signing_secret_hint: z.string().nullable(),
  created_at: seconds,
  updated_at: seconds,
  status: z.enum(['enabled', 'disabled']),
  disabled_reason: z.string().nullable().describe('`gone`: it answered 410. Any update enables it again'),
})
export type WebhookEndpointObject = z.infer<typeof webhookEndpointObject>

export const webhookEndpointWithSecret = webhookEndpointObject.extend({
  signing_secret: z.string().describe('`whsec_…`, shown here and never again'),
})
export type WebhookEndpointWithSecret = z.infer<typeof webhookEndpointWithSecret>

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead', 'cancelled'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** What went wrong with one try; few and coarse, so that nobody's network can be mapped with them. */
export const TRY_ERRORS = ['http_error', 'url_not_allowed', 'unreachable', 'tls_error', 'timeout'] as const
export type TryError = (typeof TRY_ERRORS)[number]

const deliveryTry = z.object({
  number: z.int(),
  at: z.number().describe('Unix time in seconds, with milliseconds'),
  status_code: z.int().nullable(),
  error: z.enum(TRY_ERRORS).nullable(),
  duration_ms: z.int().nullable(),
})
export type DeliveryTry = z.infer<typeof deliveryTry>

/** One event on its way to one receiver, with every try. */
export const webhookDelivery = z.object({
  id: z.string(),
  object: z.literal('webhook_delivery'),
  webhook_endpoint_id: z.string().describe('`default`: the job gave a URL of its own'),
  url: z.string().nullable().describe('Of a job with a URL of its own'),
  status: z
    .enum(DELIVERY_STATUSES)
    .describe('`dead`: every try failed; `cancelled`: its endpoint was deleted or disabled before'),
  is_test: z.boolean(),
  event: eventObject,
  created_at: seconds,
  next_try_at: z.number().nullable(),
  tries: z.array(deliveryTry).describe('The last twenty, oldest first'),
})
export type WebhookDelivery = z.infer<typeof webhookDelivery>
