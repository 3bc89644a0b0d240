import { runScript } from '@switchyard/redis/script'
import { encodeArchive } from './archive.ts'
import { archiveBlob } from './blob-store.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseEntries, type RawEntry } from './read-events.ts'
import { scripts } from './scripts.ts'

/** Moves an ended job's bodies and log into one blob. Nothing leaves Redis before the blob is written. */
export async function archiveJob(jobs: Jobs, jobId: string, project: string): Promise<void> {
  const keys = jobKeys(jobId)
  const [request, result, raw] = await Promise.all([
    jobs.redis.get(keys.request),
    jobs.redis.get(keys.result),
    jobs.redis.xrange(keys.events, '-', '+'),
  ])
  const name = archiveBlob(project, jobId)
  await jobs.blobs.put(name, await encodeArchive({ v: 1, request, result, entries: parseEntries(raw as RawEntry[]) }))
  await runScript(
    jobs.redis,
    scripts.archived,
    [keys.record, keys.request, keys.result, keys.events, keys.readers, keys.due],
    [jobId, name],
  )
}
