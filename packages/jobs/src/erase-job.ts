import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/**
 * Takes an ended job's request, result and log away before their time. The record stays, with an expiry that has passed: from now
 * on they read as expired. Safe to repeat; blobs that a crash leaves behind are deleted by the sweeper. False while the job runs.
 */
export async function eraseJob(jobs: Jobs, jobId: string, project: string): Promise<boolean> {
  const keys = jobKeys(jobId)
  const erased = await runScript(jobs.redis, scripts.erase, [keys.record, keys.events, keys.due, keys.ended], [jobId])
  if (erased !== 1) return false
  await jobs.blobs.deleteBelow(`${project}/${jobId}`)
  return true
}
