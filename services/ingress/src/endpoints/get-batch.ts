import { type BatchObject, toBatchObject } from '@switchyard/batches/batch-object'
import type { FastifyRequest } from 'fastify'
import type { Ingress } from '../ingress.ts'
import { ownBatch } from '../own-batch.ts'

/** `GET /v1/batches/{id}` */
export async function getBatch(ingress: Ingress, request: FastifyRequest): Promise<BatchObject> {
  return toBatchObject(await ownBatch(ingress, request))
}
