import { BrokerError } from '@switchyard/contract/broker-error'

const PARAM = 'switchyard.deadline'
const FURTHEST_MS = 7 * 24 * 3_600_000
const ISO = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

/**
 * A deadline as epoch milliseconds: seconds from now, or an ISO 8601 time with its zone. Throws `invalid_deadline` for anything
 * else, for the past, and for more than seven days ahead (a record is not kept longer).
 */
export function resolveDeadline(deadline: number | string, nowMs: number): number {
  const atMs = typeof deadline === 'number' ? nowMs + deadline * 1000 : parseIso(deadline)
  if (atMs <= nowMs) throw invalid('it is in the past')
  if (atMs > nowMs + FURTHEST_MS) throw invalid('it is more than seven days ahead')
  return Math.ceil(atMs)
}

function parseIso(text: string): number {
  const match = ISO.exec(text)
  const atMs = match ? Date.parse(text) : Number.NaN
  // Date.parse lets 31 February pass as 3 March.
  const daysInMonth = match ? new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate() : 0
  if (Number.isNaN(atMs) || Number(match?.[3]) > daysInMonth) {
    throw invalid('expected seconds from now, or a time such as 2026-12-01T09:00:00Z')
  }
  return atMs
}

function invalid(why: string): BrokerError {
  return new BrokerError('invalid_deadline', `Invalid value for '${PARAM}': ${why}.`, { param: PARAM })
}
