import { BrokerError } from '@switchyard/contract/broker-error'
import { DELIVERY_STATUSES, type DeliveryStatus } from '@switchyard/contract/webhook'
import { listDeliveries as listOf } from '@switchyard/notifications/deliveries'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { readAfter, readLimit } from '../read-page.ts'
import { storeCall } from '../store-call.ts'
import { ownReceiver } from '../webhooks/own-receiver.ts'

/** `GET /v1/webhook_endpoints/{id}/deliveries`: the log of seven days, the newest first; `?status=dead` what was given up. */
export async function listDeliveries(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const query = request.query as Record<string, unknown>
  const page = { limit: readLimit(query, 100), after: readAfter(query), status: readStatus(query) }
  const { project, id } = await ownReceiver(ingress, request)
  const { data, hasMore } = await storeCall(listOf(ingress.redis, project, id, page))
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  }
}

function readStatus({ status }: Record<string, unknown>): DeliveryStatus | undefined {
  if (status === undefined) return undefined
  const known = DELIVERY_STATUSES.find((each) => each === status)
  if (known !== undefined) return known
  const names = DELIVERY_STATUSES.map((each) => `'${each}'`).join(', ')
  throw new BrokerError('invalid_value', `Invalid value for 'status': expected one of ${names}.`, { param: 'status' })
}
