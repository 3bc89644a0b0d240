import { BrokerError } from '@switchyard/contract/broker-error'
import type { EventType } from '@switchyard/contract/event'
import type { DeliveryStatus, DeliveryTry, WebhookDelivery } from '@switchyard/contract/webhook'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import { deliveryKey, dueKey, logKey } from './keys.ts'

const DELIVERY_ID = /^whd_[0-9A-Z]{36}$/

export function isDeliveryId(text: string): boolean {
  return DELIVERY_ID.test(text)
}

/** One delivery of an owner (an endpoint's id, or `default`), null when it has none such. */
export async function readDelivery(
  redis: RedisClient,
  project: string,
  owner: string,
  id: string,
): Promise<WebhookDelivery | null> {
  if (!isDeliveryId(id)) return null
  const [delivery] = await readAll(redis, project, [id])
  return delivery?.webhook_endpoint_id === owner ? delivery : null
}

/**
 * A page of an owner's deliveries of the last seven days, the newest first; with `status` those alone. Throws `invalid_cursor` for an
 * `after` that is no delivery of this list (it may have changed its status since).
 */
export async function listDeliveries(
  redis: RedisClient,
  project: string,
  owner: string,
  page: { after?: string | undefined; limit: number; status?: DeliveryStatus | undefined },
): Promise<{ data: WebhookDelivery[]; hasMore: boolean }> {
  const { after, limit, status } = page
  let from = 0
  if (after !== undefined) {
    const rank = isDeliveryId(after) ? await redis.zrevrank(logKey(project, owner, status), after) : null
    if (rank === null) {
      throw new BrokerError('invalid_cursor', "'after' must be the id of a delivery of this list.", { param: 'after' })
    }
    from = rank + 1
  }
  const ids = await redis.zrevrange(logKey(project, owner, status), from, from + limit)
  const data = await readAll(redis, project, ids.slice(0, limit))
  return { data, hasMore: ids.length > limit }
}

/** Those that are gone by now are left out. */
async function readAll(redis: RedisClient, project: string, ids: string[]): Promise<WebhookDelivery[]> {
  const hashes = await pipelineBySlot(
    redis,
    ids.map((id): Command => ({ key: deliveryKey(project, id), command: 'hgetall', args: [deliveryKey(project, id)] })),
  )
  const found = ids.flatMap((id, i) => {
    const { error, value } = hashes[i]!
    if (error) throw error
    const fields = toFields(value)
    return fields.e === undefined ? [] : [{ id, fields }]
  })
  const dueAt = await pipelineBySlot(
    redis,
    found.map(({ id, fields }): Command => {
      const key = dueKey(project, fields.q!)
      return { key, command: 'zscore', args: [key, id] }
    }),
  )
  return found.map(({ id, fields }, i) => toDelivery(id, fields, dueAt[i]!.value as string | null))
}

function toDelivery(id: string, fields: Record<string, string>, dueAtMs: string | null): WebhookDelivery {
  const status = fields.s as DeliveryStatus
  return {
    id,
    object: 'webhook_delivery',
    webhook_endpoint_id: fields.o!,
    url: fields.u || null,
    status,
    is_test: fields.x === '1',
    event: {
      id: fields.e!,
      object: 'event',
      type: fields.t as EventType,
      created_at: Number(fields.c),
      data: { id: fields.d! },
    },
    created_at: Math.floor(Number(fields.a) / 1_000),
    next_try_at: status === 'pending' && dueAtMs !== null ? Number(dueAtMs) / 1_000 : null,
    tries: Object.entries(fields)
      .filter(([name]) => /^r\d+$/.test(name))
      .map(([name, row]) => ({ number: Number(name.slice(1)), ...(JSON.parse(row) as Omit<DeliveryTry, 'number'>) }))
      .sort((a, b) => a.number - b.number),
  }
}

/** A hash as a list of fields and values, or as an object, which some connections make of it. */
function toFields(value: unknown): Record<string, string> {
  if (!Array.isArray(value)) return (value ?? {}) as Record<string, string>
  const fields: Record<string, string> = {}
  for (let i = 0; i < value.length; i += 2) fields[value[i] as string] = value[i + 1] as string
  return fields
}
