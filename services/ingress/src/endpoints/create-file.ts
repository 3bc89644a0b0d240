import { createFile as storeFile } from '@switchyard/batches/files/create-file'
import { newFileId } from '@switchyard/batches/files/file-id'
import { type fileObject, toFileObject } from '@switchyard/batches/files/file-object'
import { BrokerError } from '@switchyard/contract/broker-error'
import { fingerprintOf } from '@switchyard/jobs/idempotency'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { principalOf } from '../access.ts'
import { receiveUpload } from '../files/receive-upload.ts'
import { createOnce } from '../idempotency/create-once.ts'
import { readIdempotencyKey } from '../idempotency/read-idempotency-key.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** `POST /v1/files`: the content goes to the blob store as it comes. */
export async function createFile(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<z.infer<typeof fileObject>> {
  ingress.memory.check()
  const { project } = principalOf(request)
  const key = readIdempotencyKey(request)
  // What the file is shows when it has come: its record knows whether a repeat is the same one.
  const keyed = key === undefined ? null : { project, key, fingerprint: fingerprintOf('/v1/files', Buffer.alloc(0)) }
  const release = ingress.uploads.take(project)
  const form = receiveUpload(request.raw)
  const leave = ingress.waits.add(() => {
    const message = 'This server is shutting down. Try again.'
    form.stop(new BrokerError('service_unavailable', message, { retryAfterMs: 1_000 }))
  })
  try {
    const upload = await form.upload
    const file = await createOnce(ingress, keyed, reply, {
      find: async () => null,
      newId: newFileId,
      make: (id) => storeCall(storeFile(ingress.files, { project, ...upload, ...(keyed ? { id } : {}) })),
    })
    return toFileObject(file)
  } catch (error) {
    form.stop(BrokerError.is(error) ? error : new BrokerError('internal_error', 'The upload failed.', { cause: error }))
    throw error
  } finally {
    leave()
    release()
  }
}
