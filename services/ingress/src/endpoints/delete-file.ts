import { deleteFile as removeFile } from '@switchyard/batches/files/delete-file'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { noSuchFile } from '../own-file.ts'
import { storeCall } from '../store-call.ts'

export const deletedFile = z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) })

/** `DELETE /v1/files/{id}`: at once, record and content. */
export async function deleteFile(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof deletedFile>> {
  const { file_id } = request.params as { file_id: string }
  const deleted = await storeCall(removeFile(ingress.files, principalOf(request).project, file_id))
  if (!deleted) throw noSuchFile()
  return { id: file_id, object: 'file', deleted: true }
}
