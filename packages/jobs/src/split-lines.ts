import type { LogEntry } from '@switchyard/contract/log-entry'

/** The events of one entry of a streamed log, `last` being the number of the last: one line each. */
export function splitLines(last: number, data: string): LogEntry[] {
  if (!data.includes('\n')) return [{ seq: last, event: null, data, terminal: null }]
  const lines = data.split('\n')
  const first = last + 1 - lines.length
  return lines.map((line, i) => ({ seq: first + i, event: null, data: line, terminal: null }))
}
