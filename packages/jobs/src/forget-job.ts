import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'

/** Result and log have expired: deletes the blobs, and only then stops looking at the job. The record stays to its own end. */
export async function forgetJob(jobs: Jobs, jobId: string, project: string): Promise<void> {
  await jobs.blobs.deleteBelow(`${project}/${jobId}`)
  await jobs.redis.zrem(jobKeys(jobId).due, jobId)
}
