import { BrokerError } from '@switchyard/contract/broker-error'
import type { EventObject, EventType } from '@switchyard/contract/event'
import type { RedisClient } from '@switchyard/redis/connect'
import { eventIdOf, parseEventId } from './event-id.ts'
import { projectKeys } from './keys.ts'
import { FEED_KEPT_MS } from './record-events.ts'

/**
 * Events after a cursor (an event's id; null: from the oldest that is kept), in the order in which they were recorded: reading on from
 * the last one shows each once and leaves none out. Throws `invalid_cursor` for what was never an event of this project, and
 * `stream_expired` for one whose successors may be gone.
 */
export async function readFeed(
  redis: RedisClient,
  project: string,
  after: string | null,
  limit: number,
  param = 'after',
): Promise<{ events: EventObject[]; hasMore: boolean }> {
  const { events: key } = projectKeys(project)
  if (after === null) return page(await redis.xrange(key, '-', '+', 'COUNT', limit + 1), limit)
  const cursor = parseEventId(after, param)
  // Read with the cursor's own entry, which proves that nothing after it was dropped.
  const entries = await redis.xrange(key, cursor.entryId, '+', 'COUNT', limit + 2)
  const first = entries[0]
  if (first?.[0] === cursor.entryId && fieldsOf(first[1]).h === cursor.effect) return page(entries.slice(1), limit)
  const [oldest] = await redis.xrange(key, '-', '+', 'COUNT', 1)
  if (isBefore(cursor.entryId, oldest?.[0] ?? `${Date.now() - FEED_KEPT_MS}-0`)) {
    throw new BrokerError('stream_expired', 'Events after this one are no longer kept.', { param })
  }
  throw new BrokerError('invalid_cursor', `'${param}' is no event of this project.`, { param })
}

function isBefore(entryId: string, other: string): boolean {
  const [[ms, seq], [otherMs, otherSeq]] = [entryId, other].map((id) => id.split('-').map(Number)) as [
    [number, number],
    [number, number],
  ]
  return ms < otherMs || (ms === otherMs && seq < otherSeq)
}

function page(entries: [string, string[]][], limit: number): { events: EventObject[]; hasMore: boolean } {
  return { events: entries.slice(0, limit).map(toEvent), hasMore: entries.length > limit }
}

function toEvent([entryId, flat]: [string, string[]]): EventObject {
  const { h, t, d, c } = fieldsOf(flat)
  return {
    id: eventIdOf(entryId, h!),
    object: 'event',
    type: t as EventType,
    created_at: Number(c),
    data: { id: d! },
  }
}

function fieldsOf(flat: string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!
  return fields
}
