import { runScript } from '@switchyard/redis/script'
import { QUEUE_CHECK_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import type { AttemptEnding } from './record.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

/** The owner gives a job back in the same delivery, at once or not before a moment. `released: false`: it was no longer ours. */
export async function releaseJob(
  jobs: Jobs,
  jobId: string,
  release: { fence: number; notBeforeMs: number | null; attempt?: { number: number; ending: AttemptEnding } },
): Promise<{ released: boolean; rowId: string | null }> {
  const keys = jobKeys(jobId)
  const reply = (await runScript(
    jobs.redis,
    scripts.release,
    [keys.record, keys.due, keys.outbox],
    [
      jobId,
      release.fence,
      release.notBeforeMs ?? '',
      release.attempt?.number ?? '',
      release.attempt ? JSON.stringify(release.attempt.ending) : '',
      QUEUE_CHECK_MS,
      statusEvent(jobId, 'queued'),
    ],
  )) as [number, string?]
  return { released: reply[0] === 1, rowId: reply[1] || null }
}
