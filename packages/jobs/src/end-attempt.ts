import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import type { AttemptBeginning, AttemptEnding } from './record.ts'
import { scripts } from './scripts.ts'
import { attemptEvent } from './status-event.ts'

/**
 * Closes an attempt whose job goes on with the same owner, or whose job has ended before it (a cancel: the bill comes late).
 * Closed once: a repeat changes nothing and owes nothing.
 */
export async function endAttempt(
  jobs: Jobs,
  jobId: string,
  fence: number,
  attempt: AttemptBeginning,
  ending: AttemptEnding,
): Promise<{ rowId: string | null }> {
  const keys = jobKeys(jobId)
  const rowId = (await runScript(
    jobs.redis,
    scripts.endAttempt,
    [keys.record, keys.outbox],
    [
      jobId,
      fence,
      attempt.number,
      JSON.stringify(ending),
      attemptEvent(jobId, attempt.number, attempt.deployment, ending.status),
    ],
  )) as string
  return { rowId: rowId || null }
}
