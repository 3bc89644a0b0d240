import { listJobs as listJobIds } from '@switchyard/accounts/job-index'
import { BrokerError } from '@switchyard/contract/broker-error'
import { isJobId } from '@switchyard/contract/ids'
import { jobObject, toJobObject } from '@switchyard/contract/job-object'
import { readJobs } from '@switchyard/jobs/read-job'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { standingsOf } from '../standings-of.ts'
import { storeCall } from '../store-call.ts'

export const jobList = z.object({
  object: z.literal('list'),
  data: z.array(jobObject),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
})

/** For the document; `readQuery` is what checks. */
export const jobListQuery = z.object({
  limit: z.int().min(1).max(100).default(20),
  after: z.string().optional().describe('Id of the last job of the page before'),
  order: z.enum(['asc', 'desc']).default('desc'),
})

/** `GET /v1/jobs`: the project's jobs by the time of their acceptance, the newest first. */
export async function listJobs(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof jobList>> {
  const { limit, after, order } = readQuery(request.query as Record<string, unknown>)
  const { project } = principalOf(request)
  const { ids, hasMore } = await storeCall(listJobIds(ingress.redis, project, { after, limit, order }))
  const records = await storeCall(readJobs(ingress.broker.jobs, ids))
  // A record may expire before its index row is trimmed: the page is shorter then, its cursors are those of the index.
  const kept = records.filter((record) => record !== null)
  const standings = await standingsOf(ingress, kept)
  const data = kept.map((record, i) => toJobObject(record, standings[i]))
  return {
    object: 'list',
    data,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
    has_more: hasMore,
  }
}

function readQuery(query: Record<string, unknown>): {
  limit: number
  after: string | undefined
  order: 'asc' | 'desc'
} {
  const { limit = '20', after, order = 'desc' } = query
  if (typeof limit !== 'string' || !/^[1-9][0-9]?$|^100$/.test(limit))
    throw invalid('limit', 'a whole number from 1 to 100')
  if (order !== 'asc' && order !== 'desc') throw invalid('order', "'asc' or 'desc'")
  if (after !== undefined && (typeof after !== 'string' || !isJobId(after))) {
    throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of a job.", { param: 'after' })
  }
  return { limit: Number(limit), after, order }
}

function invalid(param: string, expected: string): BrokerError {
  return new BrokerError('invalid_value', `Invalid value for '${param}': expected ${expected}.`, { param })
}
