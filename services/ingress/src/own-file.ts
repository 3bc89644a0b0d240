import type { FileRecord } from '@switchyard/batches/files/file-record'
import { getFile } from '@switchyard/batches/files/get-file'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import { principalOf } from './access.ts'
import type { Ingress } from './ingress.ts'
import { storeCall } from './store-call.ts'

/** The file that the path names, if it is the caller's. Unknown, malformed, expired and foreign ids are the same `not_found`. */
export async function ownFile(ingress: Ingress, request: FastifyRequest): Promise<FileRecord> {
  const { file_id } = request.params as { file_id: string }
  const record = await storeCall(getFile(ingress.files, principalOf(request).project, file_id))
  if (!record) throw noSuchFile()
  return record
}

export function noSuchFile(): BrokerError {
  return new BrokerError('not_found', 'There is no such file.', { param: 'file_id' })
}
