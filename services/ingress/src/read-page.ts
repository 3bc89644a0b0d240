import { BrokerError } from '@switchyard/contract/broker-error'

/** `limit` of a list's query, as OpenAI has it: a whole number from 1 to `most`. Throws `invalid_value`. */
export function readLimit(query: Record<string, unknown>, most: number, otherwise = 20): number {
  const { limit } = query
  if (limit === undefined) return otherwise
  if (typeof limit !== 'string' || !/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > most) {
    throw new BrokerError('invalid_value', `Invalid value for 'limit': expected a whole number from 1 to ${most}.`, {
      param: 'limit',
    })
  }
  return Number(limit)
}

/** `after` of a list's query: one text, or nothing. Throws `invalid_cursor`. */
export function readAfter(query: Record<string, unknown>): string | undefined {
  const { after } = query
  if (after === undefined || (typeof after === 'string' && after.length <= 64)) return after
  throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected one id.", { param: 'after' })
}
