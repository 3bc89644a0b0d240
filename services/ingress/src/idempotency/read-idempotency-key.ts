import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'

const PARAM = 'Idempotency-Key'
const KEY = /^[\x20-\x7e]{1,255}$/

/** The request's `Idempotency-Key`, undefined without one. Throws `invalid_idempotency_key`. */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY.test(header)) return header
  throw new BrokerError('invalid_idempotency_key', `${PARAM} must be 1 to 255 printable ASCII characters.`, {
    param: PARAM,
  })
}

/** What a key that stands for another request is answered with: 422. */
export function keyReused(): BrokerError {
  return new BrokerError('idempotency_key_reused', `This ${PARAM} was used for another request within the last day.`, {
    param: PARAM,
  })
}

/** Of an answer that another request of the same key has, or will have, too. */
export const REPLAYED = { 'idempotency-replayed': 'true' }
