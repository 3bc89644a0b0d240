import type { JobFailure } from '@switchyard/contract/broker-error'
import { newToken } from '@switchyard/contract/ids'
import type { JobSpec, TerminalStatus } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { failedEvent } from '@switchyard/contract/openai-responses/event-data'
import { isClusterClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import { resultBlob } from './blob-names.ts'
import { ARCHIVE_AFTER_MS, INLINE_BODY_BYTES, RECORD_KEPT_MS } from './durations.ts'
import type { JobLog } from './job-log.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys, liveChannel } from './keys.ts'
import { encodeRest, type JobSummary } from './live-frame.ts'
import { parseReaders, type Reader } from './readers.ts'
import type { AttemptEnding } from './record.ts'
import { scripts } from './scripts.ts'
import { endEvent } from './status-event.ts'

export interface Ending {
  status: TerminalStatus
  failure: JobFailure | null
  /** Body of a completed job that was not streamed; a streamed one's is assembled from its log when asked for. */
  body: string | null
  /** Data of the last event of a completed stream whose dialect has one of its own; else it is `[DONE]`. */
  terminal?: string | null
  attempt?: { number: number; ending: AttemptEnding }
  /** What its readers are told at the end; given, the end is shown by the same script where one server has it all. */
  summary?: JobSummary
}

export interface Settled {
  fence: number
  /** The terminal entry, to be shown to the readers. */
  entry: LogEntry
  rowId: string
  /** Who owned the job, to be told of a cancel. */
  owner: string | null
  readers: Reader[]
  /** They were told. */
  shown: boolean
  /** Where the answer is that was too large for the record. */
  resultBlob: string | null
  settledAtMs: number
}

/**
 * Who may settle: the owner by its fence; anybody (cancel); or whoever finds this delivery still queued (expiry, quarantine). An owner
 * that gives its `log` need not wait until that is stored: its last lines may be on their way.
 */
export type SettleGuard = { fence: number; log?: JobLog | null } | { any: true } | { queuedDelivery: number }

/**
 * The end of a job: the first terminal status wins. Safe to repeat with the same `token`. null when the job had ended before or the
 * caller does not own it any more; a given attempt is closed all the same.
 */
export async function settleJob(
  jobs: Jobs,
  spec: JobSpec,
  guard: SettleGuard,
  ending: Ending,
  token: string = newToken(),
): Promise<Settled | null> {
  const keys = jobKeys(spec.id)
  const { event, data } = terminalEvent(spec, ending)
  let body = ending.body ?? ''
  let blob = ''
  if (body.length > INLINE_BODY_BYTES) {
    // Of this settle alone: one that loses must not replace the winner's.
    blob = `${resultBlob(spec.project, spec.id)}-${token}`
    await jobs.blobs.put(blob, body)
    body = ''
  }
  const log = 'fence' in guard ? guard.log : null
  const { summary } = ending
  const shows = summary !== undefined && !isClusterClient(jobs.redis)
  const frame = shows
    ? encodeRest({ count: 1, event, data, terminal: ending.status, note: { end: summary, body } })
    : ''
  const run = (nextSeq: number | '') =>
    runScript(
      jobs.redis,
      scripts.settle,
      [keys.record, keys.events, keys.due, keys.outbox, keys.ended],
      [
        spec.id,
        token,
        'fence' in guard ? guard.fence : '',
        ending.status,
        ending.failure ? JSON.stringify(ending.failure) : '',
        body,
        blob,
        ending.attempt?.number ?? '',
        ending.attempt ? JSON.stringify(ending.attempt.ending) : '',
        event ?? '',
        data,
        spec.keepMs,
        ARCHIVE_AFTER_MS,
        RECORD_KEPT_MS,
        'queuedDelivery' in guard ? guard.queuedDelivery : '',
        nextSeq,
        frame,
        liveChannel('%s'),
      ],
    ) as Promise<[1, number, number, number, string, string, string] | [0, string] | [2]>
  let reply = await run(log?.nextSeq ?? '')
  if (reply[0] === 2) {
    await log!.flushed()
    reply = log!.refused ? [0, 'refused'] : await run('')
  }
  if (reply[0] !== 1) {
    if (blob) await jobs.blobs.delete(blob)
    return null
  }
  const [, nowMs, fence, seq, rowId, owner, readers] = reply
  // Whoever shows the end now must not be faster than who shows the last lines.
  if (log && !shows) await log.flushed()
  return {
    fence,
    entry: { seq, event, data, terminal: ending.status },
    rowId,
    owner: owner || null,
    readers: parseReaders(readers),
    shown: shows,
    resultBlob: blob || null,
    settledAtMs: nowMs,
  }
}

/** A stream ends as its dialect does: `[DONE]` or an `error` event, `response.completed` or `response.failed`. Other jobs end with `job.<status>`. */
function terminalEvent(spec: JobSpec, ending: Ending): { event: string | null; data: string } {
  if (!spec.stream) {
    return { event: `job.${ending.status}`, data: endEvent(spec.id, ending.status, ending.failure) }
  }
  if (ending.failure === null) return { event: null, data: ending.terminal ?? '[DONE]' }
  if (spec.dialect === 'openai-responses' && ending.status !== 'completed') {
    return { event: null, data: failedEvent(spec, ending.status, ending.failure.error) }
  }
  return { event: 'error', data: JSON.stringify({ error: ending.failure.error }) }
}
