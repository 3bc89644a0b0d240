import { newBatchId } from '@switchyard/batches/batch-id'
import { type BatchObject, toBatchObject } from '@switchyard/batches/batch-object'
import type { BatchSpec } from '@switchyard/batches/batch-record'
import { parseCompletionWindow } from '@switchyard/batches/completion-window'
import { checkRoom, createBatch as storeBatch } from '@switchyard/batches/create-batch'
import type { FileRecord } from '@switchyard/batches/files/file-record'
import { getFile } from '@switchyard/batches/files/get-file'
import { readBatch } from '@switchyard/batches/read-batch'
import { MOST_BYTES } from '@switchyard/batches/validate-input'
import { BrokerError } from '@switchyard/contract/broker-error'
import { fingerprintOf } from '@switchyard/jobs/idempotency'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { readBatchRequest } from '../batches/read-batch-request.ts'
import { createOnce } from '../idempotency/create-once.ts'
import { readIdempotencyKey } from '../idempotency/read-idempotency-key.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** `POST /v1/batches`: stored before it is answered; its input is validated afterwards. */
export async function createBatch(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<BatchObject> {
  const { project, apiKey, weight } = principalOf(request)
  const key = readIdempotencyKey(request)
  ingress.memory.check()
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const given = readBatchRequest(body)
  const keyed = key === undefined ? null : { project, key, fingerprint: fingerprintOf('/v1/batches', body) }
  const find = (id: string) => storeCall(readBatch(ingress.redis, id))
  const batch = await createOnce(ingress, keyed, reply, {
    find,
    newId: newBatchId,
    async make(id) {
      const file = checkInput(await storeCall(getFile(ingress.files, project, given.input_file_id)))
      await storeCall(checkRoom(ingress.redis, project))
      const spec: BatchSpec = {
        v: 1,
        id,
        project,
        apiKey,
        ...(weight === 1 ? {} : { weight }),
        endpoint: given.endpoint,
        inputFileId: file.id,
        inputBlob: file.blob,
        completionWindow: given.completion_window,
        windowMs: parseCompletionWindow(given.completion_window)!,
        metadata: given.metadata ?? {},
        outputExpiresAfterSeconds: given.output_expires_after?.seconds ?? null,
        createdAtMs: Date.now(),
      }
      await storeCall(storeBatch(ingress.redis, spec))
      const made = await find(id)
      if (!made) throw new Error('a batch that was just stored is gone')
      return made
    },
  })
  return toBatchObject(batch)
}

function checkInput(file: FileRecord | null): FileRecord {
  const param = 'input_file_id'
  if (!file) throw new BrokerError('not_found', `There is no such file: '${param}'.`, { param })
  if (file.purpose !== 'batch') {
    throw new BrokerError('invalid_value', `'${param}' must name a file of purpose 'batch'.`, { param })
  }
  if (file.bytes > MOST_BYTES) {
    throw new BrokerError('file_too_large', `The input of a batch has at most ${MOST_BYTES} bytes.`, { param })
  }
  return file
}
