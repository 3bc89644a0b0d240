import { BrokerError } from '@switchyard/contract/broker-error'

const PARAM = 'Idempotency-Key'
const KEY = /^[\x20-\x7e]{1,255}$/

/**
 * A key that is malformed is `invalid_idempotency_key`. A good one is refused as well for now: whoever sends one relies on it,
 * and a retry would run twice. Replays come with the idempotency rows.
 */
export function checkIdempotencyKey(header: string | string[] | undefined): void {
  if (header === undefined) return
  if (typeof header !== 'string' || !KEY.test(header)) {
    throw new BrokerError('invalid_idempotency_key', `${PARAM} must be 1 to 255 printable ASCII characters.`, {
      param: PARAM,
    })
  }
  throw new BrokerError(
    'unsupported_parameter',
    `${PARAM} is not supported yet: a repeated request would run again. It comes with the next version; leave it out for now.`,
    { param: PARAM },
  )
}
