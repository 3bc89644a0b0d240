import type { JobRecord } from '@switchyard/contract/job'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseRecord } from './record.ts'

export async function readJob(jobs: Jobs, jobId: string): Promise<JobRecord | null> {
  const [record] = await readJobs(jobs, [jobId])
  return record ?? null
}

/** Records in the order of their ids, null where there is none. One pipeline. */
export async function readJobs(jobs: Jobs, jobIds: string[]): Promise<(JobRecord | null)[]> {
  const replies = await pipelineBySlot(
    jobs.redis,
    jobIds.map((jobId) => {
      const { record } = jobKeys(jobId)
      return { key: record, command: 'hgetall', args: [record] }
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return parseRecord(flatten(value))
  })
}

/** HGETALL comes as a list, or as an object where the client has mapped it already. */
function flatten(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : Object.entries(value as Record<string, string>).flat()
}
