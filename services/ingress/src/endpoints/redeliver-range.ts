import { BrokerError } from '@switchyard/contract/broker-error'
import { DELIVERY_STATUSES } from '@switchyard/contract/webhook'
import { redeliverRange as redeliverWithin } from '@switchyard/notifications/redeliver'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Ingress } from '../ingress.ts'
import { readJsonBody } from '../read-json-body.ts'
import { storeCall } from '../store-call.ts'
import { enabledReceiver } from '../webhooks/own-receiver.ts'

const seconds = z.number().min(0).max(1e11)

export const redeliveryRange = z.strictObject({
  after: seconds.describe('Unix time in seconds: deliveries made at this moment or later'),
  before: seconds.optional().describe('And at this moment or earlier; now by default'),
  status: z.enum(DELIVERY_STATUSES).default('dead'),
})

export const redeliveryResult = z.object({
  object: z.literal('webhook_endpoint.redelivery'),
  webhook_endpoint_id: z.string(),
  count: z.int().describe('Deliveries that are on their way again, 10,000 at most'),
  has_more: z.boolean(),
})

/** `POST /v1/webhook_endpoints/{id}/redeliver`: a new round for everything of a time and a status; the dead, unless told otherwise. */
export async function redeliverRange(
  ingress: Ingress,
  request: FastifyRequest,
): Promise<z.infer<typeof redeliveryResult>> {
  const { after, before = Date.now() / 1_000, status } = readJsonBody(request, redeliveryRange)
  if (before < after) {
    throw new BrokerError('invalid_value', "Invalid value for 'before': it is earlier than 'after'.", {
      param: 'before',
    })
  }
  const { project, id } = await enabledReceiver(ingress, request)
  const range = { afterMs: after * 1_000, beforeMs: before * 1_000, status }
  const { count, hasMore } = await storeCall(redeliverWithin(ingress.redis, project, id, range))
  return { object: 'webhook_endpoint.redelivery', webhook_endpoint_id: id, count, has_more: hasMore }
}
