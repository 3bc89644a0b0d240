import { BrokerError } from '@switchyard/contract/broker-error'

/** From the beginning: no event has been seen. */
export const FROM_START = -1

/**
 * The number of the last event that a reader has seen, from `Last-Event-ID` or `?starting_after`, plain digits both. The header
 * wins: a browser that reconnects keeps its URL and sends the newer place in the header. An empty header is none (HTML standard).
 */
export function readCursor(lastEventId: string | string[] | undefined, startingAfter: unknown): number {
  if (typeof lastEventId === 'string' && lastEventId !== '') return parse(lastEventId, 'Last-Event-ID')
  if (lastEventId !== undefined && lastEventId !== '') throw invalidCursor('Last-Event-ID')
  return startingAfter === undefined ? FROM_START : parse(startingAfter, 'starting_after')
}

export function invalidCursor(param: string): BrokerError {
  return new BrokerError('invalid_cursor', `${param} must be the number of an event of this job.`, { param })
}

function parse(text: unknown, param: string): number {
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw invalidCursor(param)
  return Number(text)
}
