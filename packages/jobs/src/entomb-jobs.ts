import type { JobSpec } from '@switchyard/contract/job'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { INLINE_BODY_BYTES } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/** Longer than any process that stood still could still mean to make the job. */
const TOMBSTONE_MS = 120_000
/** What earlier attempts owe is paid from the record. */
const BILL_MS = 3_600_000

/**
 * Drops all but a trace of ended jobs whose answers stand elsewhere (lines of batches): for two minutes the id is still taken. One
 * pipeline; jobs that have not ended are left alone, and what fails stays until its own time is over.
 */
export async function entombJobs(
  jobs: Jobs,
  ended: readonly { spec: JobSpec; resultBlob: string | null }[],
): Promise<void> {
  await pipelineBySlot(
    jobs.redis,
    ended.map(({ spec }) => {
      const { record, events, due, ended } = jobKeys(spec.id)
      return scriptCommand(scripts.entomb, [record, events, due, ended], [spec.id, TOMBSTONE_MS, BILL_MS])
    }),
  )
  const large = ended.filter(({ spec, resultBlob }) => resultBlob !== null || spec.request.bytes > INLINE_BODY_BYTES)
  await Promise.all(large.map(({ spec }) => jobs.blobs.deleteBelow(`${spec.project}/${spec.id}`)))
}
