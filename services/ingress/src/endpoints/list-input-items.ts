import { BrokerError } from '@switchyard/contract/broker-error'
import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import { readStoredRequest } from '@switchyard/jobs/read-stored-request'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { inputItems } from '../responses/input-items.ts'
import { ownResponse } from '../responses/own-response.ts'
import { storeCall } from '../store-call.ts'

export const inputItemList = z.object({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
})

/** For the document; `readQuery` is what checks. */
export const inputItemQuery = z.object({
  limit: z.int().min(1).max(100).default(20),
  after: z.string().optional().describe('Id of the last item of the page before'),
  order: z.enum(['asc', 'desc']).default('desc'),
})

/** `GET /v1/responses/{id}/input_items`: all that the response was made from, history included; the latest first. */
export async function listInputItems(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const { response_id } = request.params as { response_id: string }
  const { limit, after, order } = readQuery(request.query as Record<string, unknown>)
  const record = await ownResponse(ingress, principalOf(request), response_id)
  const body = await storeCall(readStoredRequest(ingress.broker.jobs, record))
  if (body === null) throw new BrokerError('not_found', 'The input of this response is no longer kept.')
  const { input } = JSON.parse(body.toString()) as ResponsesRequest
  const items = inputItems(response_id, input)
  if (order === 'desc') items.reverse()
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0) throw invalidAfter()
  const data = items.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  }
}

function readQuery(query: Record<string, unknown>): {
  limit: number
  after: string | undefined
  order: 'asc' | 'desc'
} {
  const { limit = '20', after, order = 'desc' } = query
  if (typeof limit !== 'string' || !/^[1-9][0-9]?$|^100$/.test(limit)) {
    throw invalid('limit', 'a whole number from 1 to 100')
  }
  if (order !== 'asc' && order !== 'desc') throw invalid('order', "'asc' or 'desc'")
  if (after !== undefined && typeof after !== 'string') throw invalidAfter()
  return { limit: Number(limit), after, order }
}

function invalidAfter(): BrokerError {
  return new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of an input item.", {
    param: 'after',
  })
}

function invalid(param: string, expected: string): BrokerError {
  return new BrokerError('invalid_value', `Invalid value for '${param}': expected ${expected}.`, { param })
}
