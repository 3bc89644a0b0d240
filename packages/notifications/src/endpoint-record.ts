import { EVENT_TYPES } from '@switchyard/contract/event'
import type { WebhookEndpointObject } from '@switchyard/contract/webhook'
import { z } from 'zod'
import { deriveSecret, secretHint } from './secrets.ts'

const secretVersion = {
  version: z.int().min(1),
  previousUntilMs: z.number().nullable(),
  updatedAtMs: z.number(),
}

export const endpointRecord = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  types: z.array(z.enum(EVENT_TYPES)),
  createdAtMs: z.number(),
  ...secretVersion,
})

/** A webhook endpoint as Redis keeps it. Of its secret only the version. */
export type EndpointRecord = z.infer<typeof endpointRecord>

/** What is kept of a project's default secret; nothing before its first rotation. */
export const defaultRecord = z.object(secretVersion)
export type DefaultRecord = z.infer<typeof defaultRecord>

const ENDPOINT_ID = /^whe_[0-9A-HJKMNP-TV-Z]{26}$/

/** Malformed ids are treated as unknown ones before any key is built from them. */
export function isEndpointId(text: string): boolean {
  return ENDPOINT_ID.test(text)
}

/** OpenAI's object; `disabledReason` null: enabled. */
export function toEndpointObject(
  masterSecret: string,
  record: EndpointRecord,
  disabledReason: string | null,
): WebhookEndpointObject {
  return {
    id: record.id,
    object: 'webhook_endpoint',
    name: record.name,
    url: record.url,
    event_types: record.types,
    signing_secret_hint: secretHint(deriveSecret(masterSecret, record.id, record.version)),
    created_at: Math.floor(record.createdAtMs / 1_000),
    updated_at: Math.floor(record.updatedAtMs / 1_000),
    status: disabledReason === null ? 'enabled' : 'disabled',
    disabled_reason: disabledReason,
  }
}
