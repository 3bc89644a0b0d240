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
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import { readBatchRequest } from '../batches/read-batch-request.ts'
import { checkIdempotencyKey } from '../check-idempotency-key.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** `POST /v1/batches`: stored before it is answered; its input is validated afterwards. */
export async function createBatch(ingress: Ingress, request: FastifyRequest): Promise<BatchObject> {
  const { project, apiKey } = principalOf(request)
  checkIdempotencyKey(request.headers['idempotency-key'])
  ingress.memory.check()
  const given = readBatchRequest(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
  const file = checkInput(await storeCall(getFile(ingress.files, project, given.input_file_id)))
  await storeCall(checkRoom(ingress.redis, project))
  const nowMs = Date.now()
  const spec: BatchSpec = {
    v: 1,
    id: newBatchId(nowMs),
    project,
    apiKey,
    endpoint: given.endpoint,
    inputFileId: file.id,
    inputBlob: file.blob,
    completionWindow: given.completion_window,
    windowMs: parseCompletionWindow(given.completion_window)!,
    metadata: given.metadata ?? {},
    outputExpiresAfterSeconds: given.output_expires_after?.seconds ?? null,
    createdAtMs: nowMs,
  }
  await storeCall(storeBatch(ingress.redis, spec))
  const batch = await storeCall(readBatch(ingress.redis, spec.id))
  if (!batch) throw new Error('a batch that was just stored is gone')
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
