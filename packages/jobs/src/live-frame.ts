import type { JobFailure } from '@switchyard/contract/broker-error'
import type { TerminalStatus } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { splitLines } from './split-lines.ts'

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
  /** Number of the last event in it; `count` of them, one line of `data` each. One that has a name or is terminal comes alone. */
  seq: number
  count: number
  event: string | null
  data: string
  terminal: TerminalStatus | null
  note: FrameNote | null
}

/**
 * A message on a live channel is a row of frames, each a head and then text of the lengths that it tells (UTF-16 units, as both
 * ends are JavaScript). Cheaper than JSON: payloads are JSON already and would be escaped a second time. The head stands by
 * itself, so that whoever stores the data can show it without being sent it twice.
 *
 *   <jobId> <fence> <seq> <count> <event|-> <terminal|-> <data length> <note length> <body length>\n<note><body>  <data>
 */
export function encodeHead(frame: Frame): string {
  return `${frame.jobId} ${frame.fence} ${frame.seq} ${encodeRest(frame)}${frame.note?.body ?? ''}`
}

/**
 * What stands behind the number in a head and before the body, for whoever has the number, and the body anyway, where the frame is
 * sent: settle.lua.
 */
export function encodeRest({ count, event, data, terminal, note }: Omit<Frame, 'jobId' | 'fence' | 'seq'>): string {
  const start = `${count} ${event ?? '-'} ${terminal ?? '-'} ${data.length}`
  if (note === null) return `${start} 0 0\n`
  const { body, ...rest } = note
  const noteText = JSON.stringify(rest)
  return `${start} ${noteText.length} ${body?.length ?? 0}\n${noteText}`
}

export function decodeFrames(message: string, onFrame: (frame: Frame) => void): void {
  let at = 0
  while (at < message.length) {
    const headEnd = message.indexOf('\n', at)
    if (headEnd < 0) return
    const [jobId, fence, seq, count, event, terminal, dataLength, noteLength, bodyLength] = message
      .slice(at, headEnd)
      .split(' ') as [string, string, string, string, string, string, string, string, string]
    const noteAt = headEnd + 1
    const bodyAt = noteAt + Number(noteLength)
    const dataAt = bodyAt + Number(bodyLength)
    const end = dataAt + Number(dataLength)
    let note: FrameNote | null = null
    if (bodyAt > noteAt) {
      note = JSON.parse(message.slice(noteAt, bodyAt)) as FrameNote
      if (dataAt > bodyAt) note.body = message.slice(bodyAt, dataAt)
    }
    onFrame({
      jobId,
      fence: Number(fence),
      seq: Number(seq),
      count: Number(count),
      event: event === '-' ? null : event,
      data: message.slice(dataAt, end),
      terminal: terminal === '-' ? null : (terminal as TerminalStatus),
      note,
    })
    at = end
  }
}

/** The events of a frame. */
export function entriesOf({ seq, event, data, terminal }: Frame): LogEntry[] {
  return event === null && terminal === null ? splitLines(seq, data) : [{ seq, event, data, terminal }]
}
