import { type BatchObject, toBatchObject } from '@switchyard/batches/batch-object'
import type { BatchRecord, BatchStatus } from '@switchyard/batches/batch-record'
import { cancelBatch as cancel, pauseBatch as pause, retryFailed as retry } from '@switchyard/batches/control-batch'
import { readBatch } from '@switchyard/batches/read-batch'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { ownBatch } from '../own-batch.ts'
import { storeCall } from '../store-call.ts'

type Act = (redis: RedisClient, batch: BatchRecord) => Promise<BatchStatus | null>

/** `POST /v1/batches/{id}/cancel`: idempotent while it is being cancelled; what has finished is kept. */
export const cancelBatch = control(
  'be cancelled',
  ['validating', 'in_progress', 'cancelling', 'cancelled'],
  (redis, { spec }) => cancel(redis, spec.id),
)

/** `POST /v1/batches/{id}/pause`: no further line is run until it is resumed. The window of time goes on. */
export const pauseBatch = control('be paused', ['validating', 'in_progress'], (redis, { spec }) =>
  pause(redis, spec.id, true),
)

/** `POST /v1/batches/{id}/resume` */
export const resumeBatch = control('be resumed', ['validating', 'in_progress'], (redis, { spec }) =>
  pause(redis, spec.id, false),
)

/** `POST /v1/batches/{id}/retry_failed`: in place; a completed batch runs again. Without failed lines nothing happens. */
export const retryFailedLines = control(
  'run lines again',
  ['in_progress', 'completed'],
  async (redis, { spec }) => (await retry(redis, spec)).status,
)

/** The batch as it is afterwards; `invalid_batch_status` when it is at a point where that has no meaning. */
function control(what: string, allowed: readonly BatchStatus[], act: Act) {
  return async (ingress: Ingress, request: FastifyRequest): Promise<BatchObject> => {
    const batch = await ownBatch(ingress, request)
    const status = await storeCall(act(ingress.redis, batch))
    if (status === null || !allowed.includes(status)) {
      throw new BrokerError('invalid_batch_status', `A batch that is ${status ?? 'gone'} cannot ${what}.`)
    }
    return toBatchObject((await storeCall(readBatch(ingress.redis, batch.spec.id))) ?? batch)
  }
}
