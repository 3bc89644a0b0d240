import { randomBytes } from 'node:crypto'
import type { JobSpec } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { runScript } from '@switchyard/redis/script'
import { encodeArchive } from './archive.ts'
import { archiveBlob } from './blob-names.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseEntries, type RawEntry } from './read-events.ts'
import { recordedEvent } from './recorded-events.ts'
import { scripts } from './scripts.ts'

/**
 * Moves an ended job's bodies and log into one blob. Nothing leaves Redis before the blob is written, and a second archiver of the
 * same job (an old leader that woke up) changes nothing: the first blob stays.
 */
export async function archiveJob(jobs: Jobs, jobId: string): Promise<void> {
  const keys = jobKeys(jobId)
  const collected = (await runScript(jobs.redis, scripts.collect, [keys.record, keys.events], [])) as
    | [string[], RawEntry[]]
    | null
  if (!collected) return
  const [flat, raw] = collected
  const fields = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!)
  const { project } = JSON.parse(fields.get('spec')!) as JobSpec
  const request = fields.get('request') ?? null
  const result = fields.get('result') ?? null
  const entries = fields.get('stream') === '1' ? parseEntries(raw) : recordedEvents(fields)
  const name = `${archiveBlob(project, jobId)}-${randomBytes(6).toString('hex')}`
  await jobs.blobs.put(name, await encodeArchive({ v: 1, request, result, entries }), { fresh: true })
  const first = await runScript(
    jobs.redis,
    scripts.archived,
    [keys.record, keys.events, keys.due, keys.ended],
    [jobId, name],
  )
  if (first !== 1) await jobs.blobs.delete(name)
}

function recordedEvents(fields: Map<string, string>): LogEntry[] {
  return Array.from({ length: Number(fields.get('seq')) }, (_, seq) => recordedEvent(seq, fields.get(`v${seq}`)!))
}
