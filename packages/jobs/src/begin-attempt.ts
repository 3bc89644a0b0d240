import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import type { AttemptBeginning } from './record.ts'
import { scripts } from './scripts.ts'
import { attemptEvent } from './status-event.ts'

/** Writes an attempt down, with its estimate, before its first byte leaves. `owned: false`: the job is no longer ours, make no call. */
export async function beginAttempt(jobs: Jobs, jobId: string, attempt: AttemptBeginning): Promise<{ owned: boolean }> {
  const keys = jobKeys(jobId)
  const reply = await runScript(
    jobs.redis,
    scripts.begin,
    [keys.record],
    [
      attempt.fence,
      attempt.number,
      JSON.stringify(attempt),
      attemptEvent(jobId, attempt.number, attempt.deployment, 'in_progress'),
    ],
  )
  return { owned: reply === 1 }
}
