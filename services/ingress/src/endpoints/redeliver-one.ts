import { redeliver } from '@switchyard/notifications/redeliver'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { enabledReceiver } from '../webhooks/own-receiver.ts'
import { getDelivery, noSuchDelivery } from './get-delivery.ts'

/** `POST /v1/webhook_endpoints/{id}/deliveries/{delivery_id}/redeliver`: a new round of tries, under the same `webhook-id`. */
export async function redeliverOne(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { project, id } = await enabledReceiver(ingress, request)
  const { delivery_id } = request.params as { delivery_id: string }
  if (!(await storeCall(redeliver(ingress.redis, project, id, delivery_id)))) throw noSuchDelivery()
  return getDelivery(ingress, request)
}
