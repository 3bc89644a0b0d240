import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { ExchangeEnd } from './exchange.ts'

export interface ExchangeState {
  /** Events were asked for, not one JSON body. */
  streaming: boolean
  /** HTTP status, once the head came. */
  status: number | null
  sawContent: boolean
}

/**
 * The failure that an exchange's end is, where the answer was not complete (design.md §6). Before the head, and for one JSON
 * body, a lost connection or a spent clock is the provider's failure (`server`); inside a stream it is `broken_stream`, except
 * that no first token in time is still `server`: nothing was broken off, nothing had begun.
 */
export function exchangeFailure(end: ExchangeEnd, state: ExchangeState): AttemptFailure {
  const { status } = state
  const inStream = state.streaming && status !== null
  const broken = inStream ? 'broken_stream' : 'server'
  switch (end.how) {
    case 'aborted':
      return { class: 'cancelled', message: 'the call was aborted', status }
    case 'unreachable':
      return { class: 'server', message: `no answer from the provider (${end.code})`, status }
    case 'cut':
      return { class: broken, message: `the connection to the provider was lost in the answer (${end.code})`, status }
    case 'too_large':
      return { class: broken, message: 'the answer is larger than is allowed', status }
    case 'late':
      switch (end.limit) {
        case 'first_token':
          return { class: 'server', message: 'no first token from the provider in time', status }
        case 'idle':
          return { class: broken, message: 'the provider stopped sending in the middle of the answer', status }
        case 'total':
          return {
            class: inStream && state.sawContent ? 'broken_stream' : 'server',
            message: 'the answer took longer than is allowed',
            status,
          }
      }
      break
    case 'whole':
    case 'enough':
    case 'given_up':
      return { class: broken, message: 'the answer ended before its end was announced', status }
  }
}
