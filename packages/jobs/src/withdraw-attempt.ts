import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/**
 * Takes back the attempt that a claim has begun, because it gets no capacity: its number is free again and it leaves no trace.
 * Safe to repeat. `withdrawn: false`: it was confirmed, or the job has ended or moved on; it must be ended like any other.
 */
export async function withdrawAttempt(jobs: Jobs, jobId: string, fence: number): Promise<{ withdrawn: boolean }> {
  const reply = await runScript(jobs.redis, scripts.withdraw, [jobKeys(jobId).record], [fence])
  return { withdrawn: reply === 1 }
}
