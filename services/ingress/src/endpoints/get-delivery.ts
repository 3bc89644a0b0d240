import { BrokerError } from '@switchyard/contract/broker-error'
import { readDelivery } from '@switchyard/notifications/deliveries'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { ownReceiver } from '../webhooks/own-receiver.ts'

/** `GET /v1/webhook_endpoints/{id}/deliveries/{delivery_id}` */
export async function getDelivery(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { project, id } = await ownReceiver(ingress, request)
  const { delivery_id } = request.params as { delivery_id: string }
  const delivery = await storeCall(readDelivery(ingress.redis, project, id, delivery_id))
  if (delivery === null) throw noSuchDelivery()
  return delivery
}

export function noSuchDelivery(): BrokerError {
  return new BrokerError('not_found', 'There is no such delivery.', { param: 'delivery_id' })
}
