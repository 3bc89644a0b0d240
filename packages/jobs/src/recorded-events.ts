import { isTerminal, type JobStatus } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { isOnTrial } from './record.ts'

/** Most jobs that are not streamed have four: queued, in progress, the attempt, the end. */
const AT_ONCE = 8

/**
 * Events of a job that is not streamed are fields of its record, `v<seq>`, written by the transitions themselves; `seq` counts them.
 * An event's data says its name, and a terminal one its status.
 */
export function recordedEvent(seq: number, data: string): LogEntry {
  const { type, status } = JSON.parse(data) as { type: string; status: JobStatus }
  return { seq, event: type, data, terminal: type === `job.${status}` && isTerminal(status) ? status : null }
}

/** Those with a number above `after`; null when they are no longer in Redis. */
export async function readRecordedEvents(jobs: Jobs, jobId: string, after: number): Promise<LogEntry[] | null> {
  const { record } = jobKeys(jobId)
  // Whoever wants the event before it as well, to see that it is there, may ask for one before the first.
  const from = Math.max(0, after + 1)
  const first = Array.from({ length: AT_ONCE }, (_, i) => `v${from + i}`)
  const own = ['seq', 'v0', 'trial', 'status', 'fence']
  const [count, oldest, trial, status, fence, ...values] = (await jobs.redis.hmget(record, ...own, ...first)) as (
    | string
    | null
  )[]
  if (oldest == null) return null
  // The last one is then the beginning of the attempt that nobody is shown.
  const hidden = isOnTrial(trial!, status!, fence!) ? 1 : 0
  const wanted = Math.max(0, Number(count) - hidden - from)
  if (wanted > AT_ONCE) {
    const rest = Array.from({ length: wanted - AT_ONCE }, (_, i) => `v${from + AT_ONCE + i}`)
    values.push(...(await jobs.redis.hmget(record, ...rest)))
  }
  const entries: LogEntry[] = []
  for (let i = 0; i < wanted; i++) {
    const data = values[i]
    if (data == null) return null
    entries.push(recordedEvent(from + i, data))
  }
  return entries
}
