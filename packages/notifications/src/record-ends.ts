import type { EventType, JobWebhook } from '@switchyard/contract/event'
import type { TerminalStatus } from '@switchyard/contract/job'
import { responseIdOf } from '@switchyard/contract/openai-responses/response-id'
import type { RedisClient } from '@switchyard/redis/connect'
import { type NewEvent, recordEvents } from './record-events.ts'

/** What the end of a job says, all of it from the job's record. */
export interface JobEnd {
  jobId: string
  project: string
  /** The endpoint that it came by: `/v1/responses` has events of its own. */
  endpoint: string
  status: TerminalStatus
  endedAtMs: number
  /** The response is `incomplete`: cut at a limit or by a filter. Only of completed jobs. */
  incomplete?: boolean
  webhook?: JobWebhook | undefined
  traceparent?: string | undefined
}

const RESPONSES = '/v1/responses'

/**
 * Tells a project of jobs that have ended: effect `<jobId>.end.feed`. Call it for every outbox row that says that its job ended, before
 * that row is struck off, in as few calls as there are turns; safe to repeat. Gives for each end, in order, null or the error for which
 * its row must stay. A job makes `job.<status>`, and `response.<status>` before it if it is a response.
 */
export async function recordEnds(redis: RedisClient, ends: readonly JobEnd[]): Promise<(Error | null)[]> {
  const events = ends.map(eventsOf)
  const outcomes = await recordEvents(redis, events.flat())
  let at = 0
  return events.map(({ length }) => {
    const own = outcomes.slice(at, at + length)
    at += length
    return own.find((outcome) => outcome !== null) ?? null
  })
}

function eventsOf(end: JobEnd): NewEvent[] {
  const { jobId, project, status, endedAtMs: atMs, traceparent } = end
  const shared = { project, atMs, traceparent }
  const job: NewEvent = { ...shared, effectId: `${jobId}.end.feed`, type: `job.${status}`, dataId: jobId }
  if (end.endpoint !== RESPONSES) return [{ ...job, target: targetOf(end, job.type, true) }]
  const type = responseType(end)
  const response = { ...shared, effectId: `${jobId}.end.response`, type, dataId: responseIdOf(jobId) }
  return [
    { ...response, target: targetOf(end, type, true) },
    { ...job, target: targetOf(end, job.type, false) },
  ]
}

function responseType({ status, incomplete }: JobEnd): EventType {
  if (status === 'completed') return incomplete ? 'response.incomplete' : 'response.completed'
  return status === 'cancelled' ? 'response.cancelled' : 'response.failed'
}

/** `isOwn`: of the event's two names the one that the job's caller knows it by. */
function targetOf({ webhook }: JobEnd, type: EventType, isOwn: boolean): NewEvent['target'] {
  if (webhook === undefined) return undefined
  if ('endpoint' in webhook) return isOwn ? { endpoint: webhook.endpoint } : undefined
  const wants = webhook.events === null ? isOwn : webhook.events.includes(type)
  return wants ? { url: webhook.url } : undefined
}
