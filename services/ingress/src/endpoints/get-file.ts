import { type fileObject, toFileObject } from '@switchyard/batches/files/file-object'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Ingress } from '../ingress.ts'
import { ownFile } from '../own-file.ts'

/** `GET /v1/files/{id}`. */
export async function getFile(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof fileObject>> {
  return toFileObject(await ownFile(ingress, request))
}
