import type { JobRecord } from '@switchyard/contract/job'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { ATTEMPTS_AT_ONCE, attemptFields, parseAttempts, parseRecord, RECORD_FIELDS } from './record.ts'

export async function readJob(jobs: Jobs, jobId: string): Promise<JobRecord | null> {
  const [record] = await readJobs(jobs, [jobId])
  return record ?? null
}

/** Records in the order of their ids, null where there is none. One pipeline; one more where a job has many attempts. */
export async function readJobs(jobs: Jobs, jobIds: string[]): Promise<(JobRecord | null)[]> {
  const read = (await readFields(jobs, jobIds, () => RECORD_FIELDS)).map(parseRecord)
  const long = read.flatMap((found) => (found && found.attemptCount > ATTEMPTS_AT_ONCE ? [found] : []))
  const rest = await readFields(
    jobs,
    long.map(({ record }) => record.spec.id),
    (i) => attemptFields(ATTEMPTS_AT_ONCE + 1, long[i]!.attemptCount),
  )
  long.forEach(({ record }, i) => {
    record.attempts.push(...parseAttempts(rest[i]!))
  })
  return read.map((found) => found?.record ?? null)
}

async function readFields(
  jobs: Jobs,
  jobIds: string[],
  fieldsOf: (index: number) => string[],
): Promise<(string | null)[][]> {
  const replies = await pipelineBySlot(
    jobs.redis,
    jobIds.map((jobId, i) => {
      const { record } = jobKeys(jobId)
      return { key: record, command: 'hmget', args: [record, ...fieldsOf(i)] }
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return value as (string | null)[]
  })
}
