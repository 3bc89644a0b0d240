import { BrokerError } from '@switchyard/contract/broker-error'
import {
  claimIdempotencyKey,
  findIdempotencyKey,
  type KeyedRequest,
  releaseIdempotencyKey,
} from '@switchyard/jobs/idempotency'
import type { FastifyReply } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { keyReused, REPLAYED } from './read-idempotency-key.ts'

/** How an object is found by its id, and made under one. `make` is safe to repeat with the same id. */
export interface Making<T> {
  find(id: string): Promise<T | null>
  newId(): string
  make(id: string): Promise<T>
}

/**
 * Makes an object that is no job under an idempotency key, once: the row holds its id and is written before it. A repeat finds the first
 * one, or makes it with that id if its maker died between. What is refused leaves no row. Without a key (null) it is made.
 * Throws `idempotency_key_reused` for another request.
 */
export async function createOnce<T>(
  ingress: Ingress,
  keyed: Omit<KeyedRequest, 'jobId'> | null,
  reply: FastifyReply,
  { find, newId, make }: Making<T>,
): Promise<T> {
  if (keyed === null) return make(newId())
  const { jobs } = ingress.broker
  const standing =
    (await storeCall(findIdempotencyKey(jobs, keyed))) ??
    (await storeCall(claimIdempotencyKey(jobs, { ...keyed, jobId: newId() })))
  if (standing.kind === 'reused') throw keyReused()
  const { jobId: id } = standing
  if (standing.kind === 'replay') {
    const made = await find(id)
    reply.headers(REPLAYED)
    if (made !== null) return made
  }
  try {
    return await make(id)
  } catch (error) {
    // Only what was refused can be known not to be there.
    if (BrokerError.is(error) && error.status < 500 && standing.kind === 'first')
      await storeCall(releaseIdempotencyKey(jobs, { ...keyed, jobId: id }))
    throw error
  }
}
