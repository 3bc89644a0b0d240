import { z } from 'zod'

/** Every kind of event that a project can be told of. OpenAI's names where it has one, `job.*` for every inference. */
export const EVENT_TYPES = [
  'job.completed',
  'job.failed',
  'job.cancelled',
  'job.expired',
  'response.completed',
  'response.failed',
  'response.cancelled',
  'response.incomplete',
  'batch.completed',
  'batch.failed',
  'batch.expired',
  'batch.cancelled',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** One event as webhooks carry it and the feed lists it: thin, so that its receiver asks for what it is about. */
export const eventObject = z.object({
  id: z.string().describe('`evt_…`, the same on every try of every webhook'),
  object: z.literal('event'),
  type: z.enum(EVENT_TYPES),
  created_at: z.int().describe('Unix time in seconds'),
  data: z.object({ id: z.string().describe('Of the job, response or batch') }),
})
export type EventObject = z.infer<typeof eventObject>

/** Whom a job tells of its end beside the project's subscribers: a registered endpoint, or a URL of its own. Kept in the job's spec. */
export type JobWebhook =
  | { endpoint: string }
  /** `events` null: the terminal events of what the job is (`response.*` for responses, else `job.*`). */
  | { url: string; events: EventType[] | null }
