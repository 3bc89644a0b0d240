import type { JobFailure } from '@switchyard/contract/broker-error'
import type { TerminalStatus } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'

/** Which deployment is answering; known from its first frame. */
export interface AttemptStart {
  deployment: string
  simulated: boolean
  dropped: string[]
}

/** What a waiting caller needs at the end besides the body. */
export interface JobSummary {
  status: TerminalStatus
  attempts: number
  deployment: string | null
  simulated: boolean
  dropped: string[]
  costNanoUsd: number | null
  failure: JobFailure | null
}

/** What rides on a frame beside its entry, for readers that would have to read the record otherwise. */
export interface FrameNote {
  start?: AttemptStart
  end?: JobSummary
  /** Body of the answer, only on terminal frames of jobs that are not streamed. */
  body?: string
}

export interface Frame {
  jobId: string
  fence: number
  entry: LogEntry
  note: FrameNote | null
}

/**
 * A message on a live channel is a row of frames, each a header line and then text of the lengths that it tells (UTF-16 units, as
 * both ends are JavaScript). Cheaper than JSON: payloads are JSON already and would be escaped a second time.
 *
 *   <jobId> <fence> <seq> <event|-> <terminal|-> <data length> <note length> <body length>\n<data><note><body>
 */
export function encodeFrame({ jobId, fence, entry, note }: Frame): string {
  if (note === null) {
    return `${jobId} ${fence} ${entry.seq} ${entry.event ?? '-'} ${entry.terminal ?? '-'} ${entry.data.length} 0 0\n${entry.data}`
  }
  const { body, ...rest } = note
  const noteText = JSON.stringify(rest)
  return `${jobId} ${fence} ${entry.seq} ${entry.event ?? '-'} ${entry.terminal ?? '-'} ${entry.data.length} ${noteText.length} ${
    body?.length ?? 0
  }\n${entry.data}${noteText}${body ?? ''}`
}

export function decodeFrames(message: string, onFrame: (frame: Frame) => void): void {
  let at = 0
  while (at < message.length) {
    const lineEnd = message.indexOf('\n', at)
    if (lineEnd < 0) return
    const [jobId, fence, seq, event, terminal, dataLength, noteLength, bodyLength] = message
      .slice(at, lineEnd)
      .split(' ') as [string, string, string, string, string, string, string, string]
    const dataAt = lineEnd + 1
    const noteAt = dataAt + Number(dataLength)
    const bodyAt = noteAt + Number(noteLength)
    const end = bodyAt + Number(bodyLength)
    let note: FrameNote | null = null
    if (bodyAt > noteAt) {
      note = JSON.parse(message.slice(noteAt, bodyAt)) as FrameNote
      if (end > bodyAt) note.body = message.slice(bodyAt, end)
    }
    onFrame({
      jobId,
      fence: Number(fence),
      entry: {
        seq: Number(seq),
        event: event === '-' ? null : event,
        data: message.slice(dataAt, noteAt),
        terminal: terminal === '-' ? null : (terminal as TerminalStatus),
      },
      note,
    })
    at = end
  }
}
