import { listEndpoints } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { readAfter, readLimit } from '../read-page.ts'
import { storeCall } from '../store-call.ts'

/** `GET /v1/webhook_endpoints`: the newest first. */
export async function listWebhookEndpoints(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const query = request.query as Record<string, unknown>
  const page = { limit: readLimit(query, 100), after: readAfter(query) }
  const { project } = principalOf(request)
  const { data, hasMore } = await storeCall(listEndpoints(ingress.notifications, project, page))
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  }
}
