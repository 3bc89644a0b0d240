import { BrokerError } from '@switchyard/contract/broker-error'
import type { EventType } from '@switchyard/contract/event'
import { newUlid } from '@switchyard/contract/ids'
import type { WebhookEndpointObject, WebhookEndpointWithSecret } from '@switchyard/contract/webhook'
import { runScript } from '@switchyard/redis/script'
import { type EndpointRecord, endpointRecord, isEndpointId, toEndpointObject } from './endpoint-record.ts'
import { projectKeys } from './keys.ts'
import type { Notifications } from './notifications.ts'
import { scripts } from './scripts.ts'
import { deriveSecret } from './secrets.ts'
import { wake } from './wake.ts'

/** Of one project: every event is matched against all of them, in the script that records it. */
const MOST_ENDPOINTS = 50
/** Writers of one endpoint at the same moment; each loses at most to every other. */
const WRITE_TRIES = 8
export const OLD_SECRET_MS = 24 * 3_600_000

export interface EndpointFields {
  name: string
  url: string
  types: EventType[]
}

interface Stored {
  json: string
  record: EndpointRecord
  disabledReason: string | null
}

export function newEndpointId(): string {
  return `whe_${newUlid()}`
}

/**
 * Registers a receiver; with the same id safe to repeat. The URL has been checked by whoever calls. Throws `insufficient_quota` when the
 * project has fifty.
 */
export async function createEndpoint(
  on: Notifications,
  project: string,
  fields: EndpointFields,
  id: string = newEndpointId(),
): Promise<WebhookEndpointWithSecret> {
  const nowMs = Date.now()
  const record: EndpointRecord = {
    id,
    ...fields,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    version: 1,
    previousUntilMs: null,
  }
  if (await put(on, project, '', record)) return withSecret(on, record)
  return (await getEndpointWithSecret(on, project, id)) ?? withSecret(on, record)
}

/** An endpoint as its creator was given it, with the secret of now. null when there is no such endpoint. */
export async function getEndpointWithSecret(
  on: Notifications,
  project: string,
  id: string,
): Promise<WebhookEndpointWithSecret | null> {
  const stored = await read(on, project, id)
  return stored && withSecret(on, stored.record, stored.disabledReason)
}

/** null when there is no such endpoint. */
export async function getEndpoint(
  on: Notifications,
  project: string,
  id: string,
): Promise<WebhookEndpointObject | null> {
  const stored = await read(on, project, id)
  return stored && toEndpointObject(on.masterSecret, stored.record, stored.disabledReason)
}

/** A page of endpoints, the newest first. Throws `invalid_cursor` for an `after` that is no endpoint's id. */
export async function listEndpoints(
  on: Notifications,
  project: string,
  page: { after?: string | undefined; limit: number },
): Promise<{ data: WebhookEndpointObject[]; hasMore: boolean }> {
  const { after, limit } = page
  if (after !== undefined && !isEndpointId(after)) {
    throw new BrokerError('invalid_cursor', "'after' must be the id of a webhook endpoint.", { param: 'after' })
  }
  const keys = projectKeys(project)
  const [all, disabled] = await Promise.all([on.redis.hgetall(keys.endpoints), on.redis.hgetall(keys.disabled)])
  const ids = Object.keys(all)
    .filter((id) => after === undefined || id < after)
    .sort()
    .reverse()
  const data = ids
    .slice(0, limit)
    .map((id) => toEndpointObject(on.masterSecret, endpointRecord.parse(JSON.parse(all[id]!)), disabled[id] ?? null))
  return { data, hasMore: ids.length > limit }
}

/** Changes what is given, and enables the endpoint again if it was disabled. null when there is no such endpoint. */
export async function updateEndpoint(
  on: Notifications,
  project: string,
  id: string,
  changes: Partial<EndpointFields>,
): Promise<WebhookEndpointObject | null> {
  const record = await change(on, project, id, (before) => {
    const isSame =
      (changes.name ?? before.name) === before.name &&
      (changes.url ?? before.url) === before.url &&
      (changes.types ?? before.types).join() === before.types.join()
    return isSame ? before : { ...before, ...changes, updatedAtMs: Date.now() }
  })
  return record && toEndpointObject(on.masterSecret, record, null)
}

/** The next secret; the one before signs too for another day, unless it is known to others. null when there is no such endpoint. */
export async function rotateSecret(
  on: Notifications,
  project: string,
  id: string,
  options: { keepOld: boolean },
): Promise<WebhookEndpointWithSecret | null> {
  const nowMs = Date.now()
  const record = await change(on, project, id, (before) => ({
    ...before,
    version: before.version + 1,
    previousUntilMs: options.keepOld ? nowMs + OLD_SECRET_MS : null,
    updatedAtMs: nowMs,
  }))
  return record && withSecret(on, record)
}

/** False when there is no such endpoint. What waited for it ends as `cancelled`. */
export async function deleteEndpoint(on: Notifications, project: string, id: string): Promise<boolean> {
  if (!isEndpointId(id)) return false
  const { endpoints, types, disabled, queues, prefix } = projectKeys(project)
  const waits = await runScript(on.redis, scripts.deleteEndpoint, [endpoints, types, disabled, queues], [prefix, id])
  if (waits === 1) await wake(on.redis, [project])
  return waits !== -1
}

async function read(on: Notifications, project: string, id: string): Promise<Stored | null> {
  if (!isEndpointId(id)) return null
  const { endpoints, disabled } = projectKeys(project)
  const [json, disabledReason] = await Promise.all([on.redis.hget(endpoints, id), on.redis.hget(disabled, id)])
  return json === null ? null : { json, record: endpointRecord.parse(JSON.parse(json)), disabledReason }
}

async function change(
  on: Notifications,
  project: string,
  id: string,
  edit: (record: EndpointRecord) => EndpointRecord,
): Promise<EndpointRecord | null> {
  for (let i = 0; i < WRITE_TRIES; i++) {
    const stored = await read(on, project, id)
    if (!stored) return null
    const record = edit(stored.record)
    if (await put(on, project, stored.json, record)) return record
  }
  throw new BrokerError('service_unavailable', 'The endpoint is being changed by others. Try again.')
}

async function put(on: Notifications, project: string, before: string, record: EndpointRecord): Promise<boolean> {
  const { endpoints, types, disabled } = projectKeys(project)
  const reply = await runScript(
    on.redis,
    scripts.putEndpoint,
    [endpoints, types, disabled],
    [record.id, before, JSON.stringify(record), ` ${record.types.join(' ')} `, MOST_ENDPOINTS],
  )
  if (reply !== -1) return reply === 1
  throw new BrokerError('insufficient_quota', `A project has at most ${MOST_ENDPOINTS} webhook endpoints.`)
}

function withSecret(
  on: Notifications,
  record: EndpointRecord,
  disabledReason: string | null = null,
): WebhookEndpointWithSecret {
  return {
    ...toEndpointObject(on.masterSecret, record, disabledReason),
    signing_secret: deriveSecret(on.masterSecret, record.id, record.version),
  }
}
