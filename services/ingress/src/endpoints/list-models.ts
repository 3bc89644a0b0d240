import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Ingress } from '../ingress.ts'

/** OpenAI's shape (https://platform.openai.com/docs/api-reference/models/object). */
export const modelObject = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
})

export const modelList = z.object({ object: z.literal('list'), data: z.array(modelObject) })

type ModelObject = z.infer<typeof modelObject>

/** `GET /v1/models`: every name of the catalog, whether or not somebody serves it at this moment. */
export function listModels(ingress: Ingress): z.infer<typeof modelList> {
  const { current } = ingress.catalog()
  return { object: 'list', data: [...current.models.keys()].map((name) => toModel(ingress, name)) }
}

/** `GET /v1/models/{id}` */
export function getModel(ingress: Ingress, request: FastifyRequest): ModelObject {
  const { model } = request.params as { model: string }
  if (!ingress.catalog().current.models.has(model)) {
    throw new BrokerError('model_not_found', 'The model does not exist or you do not have access to it.', {
      param: 'model',
    })
  }
  return toModel(ingress, model)
}

/** `created` is when the catalog was read: a model of ours has no birthday of its own. */
function toModel(ingress: Ingress, id: string): ModelObject {
  return { id, object: 'model', created: Math.floor(ingress.catalog().loadedAtMs / 1000), owned_by: 'switchyard' }
}
