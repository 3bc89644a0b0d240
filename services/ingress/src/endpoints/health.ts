import { BrokerError } from '@switchyard/contract/broker-error'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

const OK = { status: 'ok' } as const

/** `GET /healthz`: the process answers. */
export function healthz(): typeof OK {
  return OK
}

/** `GET /readyz`: a request would be served: Redis answers, a worker has announced a deployment, and nobody told us to end. */
export async function readyz(ingress: Ingress): Promise<typeof OK> {
  if (ingress.isDraining()) throw unready('The server is shutting down.')
  await storeCall(ingress.redis.ping())
  if (ingress.fleet().available.size === 0) throw unready('No worker has announced a deployment.')
  return OK
}

function unready(message: string): BrokerError {
  return new BrokerError('service_unavailable', message, { retryAfterMs: 1_000 })
}
