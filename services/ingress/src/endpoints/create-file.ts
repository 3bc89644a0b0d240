import { createFile as storeFile } from '@switchyard/batches/files/create-file'
import { type fileObject, toFileObject } from '@switchyard/batches/files/file-object'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { principalOf } from '../access.ts'
import { receiveUpload } from '../files/receive-upload.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

/** `POST /v1/files`: the content goes to the blob store as it comes. */
export async function createFile(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof fileObject>> {
  ingress.memory.check()
  const { project } = principalOf(request)
  const release = ingress.uploads.take(project)
  const form = receiveUpload(request.raw)
  const leave = ingress.waits.add(() => {
    const message = 'This server is shutting down. Try again.'
    form.stop(new BrokerError('service_unavailable', message, { retryAfterMs: 1_000 }))
  })
  try {
    const upload = await form.upload
    return toFileObject(await storeCall(storeFile(ingress.files, { project, ...upload })))
  } catch (error) {
    form.stop(BrokerError.is(error) ? error : new BrokerError('internal_error', 'The upload failed.', { cause: error }))
    throw error
  } finally {
    leave()
    release()
  }
}
