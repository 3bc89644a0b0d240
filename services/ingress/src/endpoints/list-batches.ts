import { batchObject, toBatchObject } from '@switchyard/batches/batch-object'
import { listBatches as listIds } from '@switchyard/batches/list-batches'
import { readBatches } from '@switchyard/batches/read-batch'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

export const batchList = z.object({
  object: z.literal('list'),
  data: z.array(batchObject),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
})

/** For the document; `readQuery` is what checks. */
export const batchListQuery = z.object({
  limit: z.int().min(1).max(100).default(20),
  after: z.string().optional().describe('Id of the last batch of the page before'),
})

/** `GET /v1/batches`: the project's batches by the time of their creation, the newest first. */
export async function listBatches(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof batchList>> {
  const page = readQuery(request.query as Record<string, unknown>)
  const { ids, hasMore } = await storeCall(listIds(ingress.redis, principalOf(request).project, page))
  const records = await storeCall(readBatches(ingress.redis, ids))
  // A record may expire before its id leaves the list: the page is shorter then, its cursors are those of the list.
  return {
    object: 'list',
    data: records.filter((record) => record !== null).map(toBatchObject),
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
    has_more: hasMore,
  }
}

function readQuery({ limit = '20', after }: Record<string, unknown>): { limit: number; after: string | undefined } {
  if (typeof limit !== 'string' || !/^[1-9][0-9]?$|^100$/.test(limit)) {
    throw new BrokerError('invalid_value', "Invalid value for 'limit': expected a whole number from 1 to 100.", {
      param: 'limit',
    })
  }
  if (after !== undefined && typeof after !== 'string') {
    throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of a batch.", {
      param: 'after',
    })
  }
  return { limit: Number(limit), after }
}
