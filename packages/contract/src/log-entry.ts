import type { TerminalStatus } from './job.ts'
import { numbered } from './openai-responses/event-data.ts'

/**
 * One event of a job's log, as every reader gets it. `seq` runs 0, 1, 2 … without a gap; the last one is terminal.
 * `event` is the SSE event name, null for the dialect's plain data lines; `data` is one SSE data line.
 */
export interface LogEntry {
  seq: number
  event: string | null
  data: string
  terminal: TerminalStatus | null
}

/** The SSE block of an entry (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function toSse(entry: LogEntry): string {
  const event = entry.event ?? typeOf(entry.data)
  const data = entry.terminal === null ? entry.data : numbered(entry.data, entry.seq)
  return event === null ? `id: ${entry.seq}\ndata: ${data}\n\n` : `id: ${entry.seq}\nevent: ${event}\ndata: ${data}\n\n`
}

const TYPE_FIRST = '{"type":"'
const LONGEST_TYPE = 128

/** Dialects whose events have names write them first; chat chunks have none. */
function typeOf(data: string): string | null {
  if (!data.startsWith(TYPE_FIRST)) return null
  const end = data.indexOf('"', TYPE_FIRST.length)
  return end === -1 || end > LONGEST_TYPE ? null : data.slice(TYPE_FIRST.length, end)
}
