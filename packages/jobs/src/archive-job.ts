import { randomBytes } from 'node:crypto'
import type { JobSpec } from '@switchyard/contract/job'
import { runScript } from '@switchyard/redis/script'
import { encodeArchive } from './archive.ts'
import { archiveBlob } from './blob-names.ts'
import { ARCHIVE_AFTER_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseEntries, type RawEntry } from './read-events.ts'
import { recordedEvent } from './recorded-events.ts'
import { scripts } from './scripts.ts'

/** Whether somebody still reads a job is asked again after this. */
const READ_AGAIN_MS = 15_000

/**
 * Moves an ended job's bodies and log into one blob. Nothing leaves Redis before the blob is written, and a second archiver of the
 * same job (an old leader that woke up) changes nothing: the first blob stays.
 */
export async function archiveJob(jobs: Jobs, jobId: string): Promise<void> {
  const keys = jobKeys(jobId)
  const collected = (await runScript(
    jobs.redis,
    scripts.collect,
    [keys.record, keys.events, keys.ended],
    [jobId, READ_AGAIN_MS - ARCHIVE_AFTER_MS],
  )) as [spec: string, request: string | null, result: string | null, recorded: string[], logged: RawEntry[]] | null
  if (!collected) return
  const [spec, request, result, recorded, logged] = collected
  const { project, stream } = JSON.parse(spec) as JobSpec
  const entries = stream ? parseEntries(logged) : recorded.map((data, seq) => recordedEvent(seq, data))
  const name = `${archiveBlob(project, jobId)}-${randomBytes(6).toString('hex')}`
  await jobs.blobs.put(name, await encodeArchive({ v: 1, request, result, entries }), { fresh: true })
  const first = await runScript(jobs.redis, scripts.archived, [keys.record, keys.events, keys.ended], [jobId, name])
  if (first !== 1) await jobs.blobs.delete(name)
}
