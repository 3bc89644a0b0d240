import { createHash } from 'node:crypto'
import { BrokerError } from '@switchyard/contract/broker-error'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const EVENT_ID = /^evt_([0-9A-HJKMNP-TV-Z]{10})([0-9A-HJKMNP-TV-Z]{4})([0-9A-HJKMNP-TV-Z]{12})$/

/**
 * An event's id says where it stands in its feed: 10 characters of the entry's milliseconds, 4 of its number within them, 12 of the
 * effect that it came from. So a cursor needs no index, and `lua/record.lua` makes the same id from the same three.
 */
export function eventIdOf(entryId: string, effect: string): string {
  const [ms, seq] = entryId.split('-').map(Number)
  return `evt_${base32(ms!, 10)}${base32(seq!, 4)}${effect}`
}

/** The entry and the effect that an event id names. Throws `invalid_cursor` with this parameter for anything else. */
export function parseEventId(id: string, param: string): { entryId: string; effect: string } {
  const match = EVENT_ID.exec(id)
  if (!match) throw new BrokerError('invalid_cursor', `'${param}' must be the id of an event.`, { param })
  return { entryId: `${number(match[1]!)}-${number(match[2]!)}`, effect: match[3]! }
}

/** 60 bits of an effect id's SHA-256: what the feed remembers of it, and the unguessable end of its event's id. */
export function effectMark(effectId: string): string {
  const digest = createHash('sha256').update(effectId).digest()
  let mark = ''
  for (let i = 0; i < 12; i++) mark += CROCKFORD[digest[i]! & 31]
  return mark
}

function base32(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = CROCKFORD[rest % 32] + text
  return text
}

function number(text: string): number {
  let value = 0
  for (const digit of text) value = value * 32 + CROCKFORD.indexOf(digit)
  return value
}
