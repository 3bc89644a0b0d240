import { isClusterClient, type RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, type Reply, scriptCommand } from '@switchyard/redis/pipeline'
import { liveChannel } from './keys.ts'
import type { LivePublisher } from './live-publisher.ts'
import { type LogRow, rowHead, rowId } from './log-row.ts'
import { scripts } from './scripts.ts'

/**
 * `stored`: it is in its log, and its readers were told. `refused` for good: the log is gone, or a newer owner (or the end) has
 * written. `again`: it may or may not have been stored.
 */
export type RowOutcome = 'stored' | 'refused' | 'again'

/** Stores at most one row of each log, then shows what was stored. Never rejects. The commands have left when it returns. */
export type StoreRows = (rows: LogRow[]) => Promise<RowOutcome[]>

/** A script holds everybody up while it runs: 1 ms or so. */
const ROWS_PER_SCRIPT = 256
const CHARS_PER_SCRIPT = 1024 * 1024

/**
 * How rows are stored and shown. On one server by one script for all of them, which also publishes: one round trip, and no byte is
 * sent twice. It touches keys of several slots, all of them declared. In a cluster by an XADD each, grouped by slot owner, and published
 * after that: a row's slot and its readers' channels are different nodes' there.
 */
export function rowStore(redis: RedisClient, publisher: LivePublisher): StoreRows {
  return isClusterClient(redis) ? (rows) => storeThenShow(redis, publisher, rows) : (rows) => storeAndShow(redis, rows)
}

async function storeAndShow(redis: RedisClient, rows: LogRow[]): Promise<RowOutcome[]> {
  const parts = cut(rows)
  const replies = await send(
    redis,
    parts.map((part) => appendCommand(part, true)),
  )
  return parts.flatMap((part, i) => {
    const { error, value } = replies[i]!
    return part.map((_, n) => (error ? 'again' : outcomeOf((value as number[])[n]!)))
  })
}

async function storeThenShow(redis: RedisClient, publisher: LivePublisher, rows: LogRow[]): Promise<RowOutcome[]> {
  const replies = await send(
    redis,
    rows.map((row) => (row.unsure ? appendCommand([row], false) : addCommand(row))),
  )
  return rows.map((row, i) => {
    const { error, value } = replies[i]!
    // An XADD that ioredis itself sent again after a reset fails although it was stored; the script finds out which it is.
    if (error) return 'again'
    const outcome = value === null ? 'refused' : Array.isArray(value) ? outcomeOf(value[0]) : 'stored'
    if (outcome === 'stored' && row.log.audience.length > 0) publisher.tell(row.log.audience, rowHead(row) + row.data)
    return outcome
  })
}

async function send(redis: RedisClient, commands: Command[]): Promise<Reply[]> {
  try {
    return await pipelineBySlot(redis, commands)
  } catch (error) {
    return commands.map(() => ({ error: error as Error, value: null }))
  }
}

function outcomeOf(reply: number): RowOutcome {
  if (reply > 0) return 'stored'
  return reply === 0 ? 'refused' : 'again'
}

function addCommand(row: LogRow): Command {
  const { eventsKey } = row.log
  return { key: eventsKey, command: 'xadd', args: [eventsKey, 'NOMKSTREAM', rowId(row), 'd', row.data] }
}

function appendCommand(rows: LogRow[], shows: boolean): Command {
  const channels = new Map<string, number>()
  const keys: string[] = []
  const args: string[] = []
  for (const row of rows) {
    const audience = shows ? row.log.audience : []
    keys.push(row.log.eventsKey)
    args.push(rowId(row), numbersOf(audience, channels), audience.length > 0 ? rowHead(row) : '', row.data)
  }
  return scriptCommand(scripts.append, keys, [channels.size, ...channels.keys(), ...args])
}

/** Where in the list of channels its readers are, from 1 on. */
function numbersOf(audience: readonly string[], channels: Map<string, number>): string {
  let numbers = ''
  for (const reader of audience) {
    const channel = liveChannel(reader)
    let number = channels.get(channel)
    if (number === undefined) {
      number = channels.size + 1
      channels.set(channel, number)
    }
    numbers += numbers === '' ? number : ` ${number}`
  }
  return numbers
}

function cut(rows: LogRow[]): LogRow[][] {
  const parts: LogRow[][] = []
  let part: LogRow[] = []
  let chars = 0
  for (const row of rows) {
    if (part.length === ROWS_PER_SCRIPT || (part.length > 0 && chars + row.data.length > CHARS_PER_SCRIPT)) {
      parts.push(part)
      part = []
      chars = 0
    }
    part.push(row)
    chars += row.data.length
  }
  if (part.length > 0) parts.push(part)
  return parts
}
