import { BrokerError } from '@switchyard/contract/broker-error'
import { DEFAULT_ID } from '@switchyard/notifications/default-secret'
import { isEndpointId } from '@switchyard/notifications/endpoint-record'
import { getEndpoint } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

export interface Receiver {
  project: string
  /** An endpoint's id, or `default`: what went to URLs that jobs brought. */
  id: string
}

/** The receiver that a path names, whether or not there is one. */
export function receiverIn(request: FastifyRequest): Receiver {
  const { webhook_endpoint_id } = request.params as { webhook_endpoint_id: string }
  return { project: principalOf(request).project, id: webhook_endpoint_id }
}

/** The receiver that a path names, if it is the caller's; unknown, malformed and foreign ids are the same `not_found`. */
export async function ownReceiver(ingress: Ingress, request: FastifyRequest): Promise<Receiver> {
  const receiver = receiverIn(request)
  if (receiver.id === DEFAULT_ID) return receiver
  if (!isEndpointId(receiver.id)) throw noSuchEndpoint()
  found(await storeCall(getEndpoint(ingress.notifications, receiver.project, receiver.id)))
  return receiver
}

/** The same, for whoever wants something sent there: an endpoint that is disabled gets nothing until it is updated. */
export async function enabledReceiver(ingress: Ingress, request: FastifyRequest): Promise<Receiver> {
  const receiver = receiverIn(request)
  if (receiver.id === DEFAULT_ID) return receiver
  if (!isEndpointId(receiver.id)) throw noSuchEndpoint()
  const endpoint = found(await storeCall(getEndpoint(ingress.notifications, receiver.project, receiver.id)))
  if (endpoint.status !== 'disabled') return receiver
  throw new BrokerError('webhook_endpoint_disabled', 'This endpoint is disabled. Update it to enable it again.', {
    param: 'webhook_endpoint_id',
  })
}

export function found<T>(endpoint: T | null): T {
  if (endpoint === null) throw noSuchEndpoint()
  return endpoint
}

export function noSuchEndpoint(): BrokerError {
  return new BrokerError('not_found', 'There is no such webhook endpoint.', { param: 'webhook_endpoint_id' })
}
