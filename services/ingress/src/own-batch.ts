import { isBatchId } from '@switchyard/batches/batch-id'
import type { BatchRecord } from '@switchyard/batches/batch-record'
import { readBatch } from '@switchyard/batches/read-batch'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import { principalOf } from './access.ts'
import type { Ingress } from './ingress.ts'
import { storeCall } from './store-call.ts'

/** The batch that the path names, if it is the caller's. Unknown, malformed and foreign ids are the same `not_found`. */
export async function ownBatch(ingress: Ingress, request: FastifyRequest): Promise<BatchRecord> {
  const { batch_id } = request.params as { batch_id: string }
  const batch = isBatchId(batch_id) ? await storeCall(readBatch(ingress.redis, batch_id)) : null
  if (batch?.spec.project !== principalOf(request).project) {
    throw new BrokerError('not_found', 'There is no such batch.', { param: 'batch_id' })
  }
  return batch
}
