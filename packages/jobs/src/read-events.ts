import { BrokerError } from '@switchyard/contract/broker-error'
import { isTerminal, type JobRecord, type TerminalStatus } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { decodeArchive } from './archive.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { readRecordedEvents } from './recorded-events.ts'
import { splitLines } from './split-lines.ts'

/**
 * A stream entry as Redis gives it: id and flat fields `d` data, `e` event, `t` terminal status; `n` marks a claim and is no event. An
 * entry with `d` alone holds one event for each line of it, its id's number being the last one's plus 1.
 */
export type RawEntry = [id: string, fields: string[]]

export function parseEntries(raw: RawEntry[]): LogEntry[] {
  const entries: LogEntry[] = []
  for (const [id, fields] of raw) {
    const number = Number(id.slice(id.indexOf('-') + 1))
    if (number === 0) continue
    let data = ''
    let event: string | null = null
    let terminal: TerminalStatus | null = null
    for (let i = 0; i < fields.length; i += 2) {
      const value = fields[i + 1]!
      if (fields[i] === 'd') data = value
      else if (fields[i] === 'e') event = value || null
      else if (fields[i] === 't') terminal = value as TerminalStatus
    }
    if (event !== null || terminal !== null) entries.push({ seq: number - 1, event, data, terminal })
    else for (const entry of splitLines(number - 1, data)) entries.push(entry)
  }
  return entries
}

/** Every event with a number above `after`, from Redis or from the archive. Throws `stream_expired` past retention. */
export async function readEvents(jobs: Jobs, record: JobRecord, after: number): Promise<LogEntry[]> {
  const { id, project } = record.spec
  if (record.archive) {
    const blob = await jobs.blobs.get(record.archive)
    if (!blob) throw expired(id)
    const archive = await decodeArchive(blob)
    return archive.entries.filter(({ seq }) => seq > after)
  }
  const entries = record.spec.stream ? await readLog(jobs, record, after) : await readRecordedEvents(jobs, id, after)
  if (entries !== null) return entries
  // It may have been archived since the record was read.
  const archive = await jobs.redis.hget(jobKeys(id).record, 'archive')
  if (archive) return readEvents(jobs, { ...record, archive }, after)
  throw expired(`${id} of ${project}`)
}

/** null when an ended job's log is no longer in Redis. */
async function readLog(jobs: Jobs, { spec, status }: JobRecord, after: number): Promise<LogEntry[] | null> {
  const raw = (await jobs.redis.xrange(jobKeys(spec.id).events, '-', '+')) as RawEntry[]
  if (raw.length === 0 && isTerminal(status)) return null
  return parseEntries(raw).filter(({ seq }) => seq > after)
}

function expired(what: string): BrokerError {
  return new BrokerError('stream_expired', `The events of ${what} are no longer kept.`)
}
