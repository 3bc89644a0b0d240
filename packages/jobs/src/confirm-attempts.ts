import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'

/**
 * The calls of these jobs' first attempts are made: from now on readers are shown the attempts, and they can't be taken back. Only an
 * attempt that a claim began on trial needs this, and only if its job is to be looked at before the attempt ends.
 */
export async function confirmAttempts(jobs: Jobs, jobIds: string[]): Promise<void> {
  const replies = await pipelineBySlot(
    jobs.redis,
    jobIds.map((jobId): Command => {
      const { record } = jobKeys(jobId)
      return { key: record, command: 'hdel', args: [record, 'trial'] }
    }),
  )
  for (const { error } of replies) if (error) throw error
}
