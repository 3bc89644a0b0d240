import { fileObject, toFileObject } from '@switchyard/batches/files/file-object'
import { FILE_PURPOSES } from '@switchyard/batches/files/file-record'
import { listFiles as listRecords } from '@switchyard/batches/files/list-files'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'

const LONGEST_PAGE = 10_000

export const fileList = z.object({
  object: z.literal('list'),
  data: z.array(fileObject),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
})

/** For the document; `readQuery` is what checks. */
export const fileListQuery = z.object({
  purpose: z.enum(FILE_PURPOSES).optional(),
  limit: z.int().min(1).max(LONGEST_PAGE).default(LONGEST_PAGE),
  after: z.string().optional().describe('Id of the last file of the page before'),
  order: z.enum(['asc', 'desc']).default('desc'),
})

/** `GET /v1/files`: the project's files by the time of their upload, the newest first. */
export async function listFiles(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof fileList>> {
  const page = readQuery(request.query as Record<string, unknown>)
  const { records, hasMore } = await storeCall(listRecords(ingress.files, principalOf(request).project, page))
  return {
    object: 'list',
    data: records.map(toFileObject),
    first_id: records[0]?.id ?? null,
    last_id: records.at(-1)?.id ?? null,
    has_more: hasMore,
  }
}

function readQuery(query: Record<string, unknown>): Parameters<typeof listRecords>[2] {
  const { limit = String(LONGEST_PAGE), after, order = 'desc', purpose: given } = query
  if (typeof limit !== 'string' || !/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > LONGEST_PAGE) {
    throw invalid('limit', `a whole number from 1 to ${LONGEST_PAGE}`)
  }
  if (order !== 'asc' && order !== 'desc') throw invalid('order', "'asc' or 'desc'")
  const purpose = FILE_PURPOSES.find((known) => known === given)
  if (given !== undefined && purpose === undefined) throw invalid('purpose', `one of ${FILE_PURPOSES.join(', ')}`)
  if (after !== undefined && typeof after !== 'string') {
    throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of a file.", { param: 'after' })
  }
  return { limit: Number(limit), after, order, purpose }
}

function invalid(param: string, expected: string): BrokerError {
  return new BrokerError('invalid_value', `Invalid value for '${param}': expected ${expected}.`, { param })
}
