import { isJobId } from '@switchyard/contract/ids'
import type { Jobs } from '@switchyard/jobs/jobs'
import { readJobs } from '@switchyard/jobs/read-job'

const OLDER_THAN_MS = 3_600_000
const AT_ONCE = 200

/** Deletes blobs whose job has no record any more (a crash between blob and record, an expired record). Gives how many jobs' blobs went. */
export async function collectOrphans(
  jobs: Jobs,
  nowMs: number = Date.now(),
  olderThanMs: number = OLDER_THAN_MS,
): Promise<number> {
  let collected = 0
  let batch: { project: string; jobId: string }[] = []
  async function collect(): Promise<void> {
    const records = await readJobs(
      jobs,
      batch.map(({ jobId }) => jobId),
    )
    for (const [i, { project, jobId }] of batch.entries()) {
      if (records[i]) continue
      await jobs.blobs.deleteJob(project, jobId)
      collected++
    }
    batch = []
  }
  for await (const { project, jobId, modifiedAtMs } of jobs.blobs.listJobs()) {
    // What is no job's was put there by somebody else: not ours to delete, and no reason to stop.
    if (!isJobId(jobId) || nowMs - modifiedAtMs < olderThanMs) continue
    batch.push({ project, jobId })
    if (batch.length >= AT_ONCE) await collect()
  }
  await collect()
  return collected
}
