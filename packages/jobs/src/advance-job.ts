import { runScript } from '@switchyard/redis/script'
import { QUEUE_CHECK_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import type { AttemptEnding } from './record.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

export interface Advance {
  /** The delivery that ends. */
  delivery: number
  hop: number
  lane: string
  /** null: the job is queued and nobody owns it. */
  fence: number | null
  attempt?: { number: number; ending: AttemptEnding }
}

/**
 * Gives a job its next delivery, on this or a later hop. The caller then puts that delivery into the hop's lane; if it dies
 * before, the sweeper does. null: the job has moved on.
 */
export async function advanceJob(
  jobs: Jobs,
  jobId: string,
  advance: Advance,
): Promise<{ delivery: number; rowId: string | null } | null> {
  const keys = jobKeys(jobId)
  const reply = (await runScript(
    jobs.redis,
    scripts.advance,
    [keys.record, keys.due, keys.outbox],
    [
      jobId,
      advance.delivery,
      advance.hop,
      advance.attempt?.number ?? '',
      advance.attempt ? JSON.stringify(advance.attempt.ending) : '',
      QUEUE_CHECK_MS,
      statusEvent(jobId, 'queued'),
      advance.fence ?? '',
      advance.lane,
    ],
  )) as [number, string?, string?]
  if (reply[0] !== 1) return null
  return { delivery: Number(reply[1]), rowId: reply[2] || null }
}
