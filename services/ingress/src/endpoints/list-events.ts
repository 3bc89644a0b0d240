import { eventObject } from '@switchyard/contract/event'
import { readFeed } from '@switchyard/notifications/feed'
import { projectKeys } from '@switchyard/notifications/keys'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { readAfter, readLimit } from '../read-page.ts'
import { markAnswering } from '../refuse-connection.ts'
import { followFeed } from '../sse/follow-feed.ts'
import { storeCall } from '../store-call.ts'

export const eventList = z.object({
  object: z.literal('list'),
  data: z.array(eventObject),
  first_id: z.string().nullable(),
  last_id: z.string().nullable().describe('The `after` of the next page; keep the one you have where this is null'),
  has_more: z.boolean(),
})

const EVENT_STREAM = /(?:^|,)\s*text\/event-stream\s*(?:;|,|$)/i

/**
 * `GET /v1/events`: what webhooks tell, to be asked for: the project's terminal events after a cursor, in the order in which they were
 * recorded, from the oldest that is kept where none is given. With `accept: text/event-stream` as a stream that goes on with what comes.
 */
export async function listEvents(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { project } = principalOf(request)
  const query = request.query as Record<string, unknown>
  const after = readAfter(query) ?? null
  if (EVENT_STREAM.test(request.headers.accept ?? '')) return stream(ingress, request, reply, after)
  const { events, hasMore } = await storeCall(readFeed(ingress.redis, project, after, readLimit(query, 1_000)))
  return {
    object: 'list',
    data: events,
    first_id: events[0]?.id ?? null,
    last_id: events.at(-1)?.id ?? null,
    has_more: hasMore,
  } satisfies z.infer<typeof eventList>
}

/** The header wins: a client that reconnects keeps its URL and sends the newer place in the header. An empty header is none. */
async function stream(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
  after: string | null,
): Promise<unknown> {
  const { project, apiKey } = principalOf(request)
  const header = request.headers['last-event-id']
  const resumes = typeof header === 'string' && header !== ''
  const cursor = resumes ? header : after
  const release = ingress.streams.reserve(apiKey, `events of ${project}`)
  try {
    // A cursor that leads nowhere gets its own status; and the first events need not be asked for again.
    const first = await storeCall(readFeed(ingress.redis, project, cursor, 100, resumes ? 'Last-Event-ID' : 'after'))
    reply.hijack()
    const answered = markAnswering(reply.raw.socket)
    const answer = followFeed({
      res: reply.raw,
      redis: ingress.redis,
      listener: ingress.listener,
      channel: projectKeys(project).feedChannel,
      project,
      cursor,
      first,
      onClose() {
        ingress.streams.unwatch(answer)
        answered()
        release()
      },
    })
    ingress.streams.watch(answer)
    return reply
  } catch (error) {
    release()
    throw error
  }
}
