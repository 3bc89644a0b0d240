import { BrokerError } from '@switchyard/contract/broker-error'

/** How a caller wants to be answered: on this connection, at once with a job, or with whichever is there after some seconds. */
export type Preference = { kind: 'none' } | { kind: 'async' } | { kind: 'wait'; seconds: number }

const NONE: Preference = { kind: 'none' }
const LONGEST_WAIT_S = 600
const MAX_LENGTH = 1_000

/**
 * Reads `Prefer` (RFC 7240). Preferences that we don't know are passed over, as the RFC has it; a `wait` that is no whole
 * number of seconds up to 600 is refused with `invalid_prefer`. `respond-async, wait=10` means: 10 s, then asynchronously.
 */
export function readPrefer(header: string | string[] | undefined): Preference {
  if (header === undefined) return NONE
  const text = Array.isArray(header) ? header.join(',') : header
  if (text.length > MAX_LENGTH)
    throw new BrokerError('invalid_prefer', 'The Prefer header is too long.', { param: 'Prefer' })
  let preference: Preference = NONE
  for (const part of text.split(',')) {
    const [name = '', value] = part.split(';', 1)[0]!.split('=', 2)
    switch (name.trim().toLowerCase()) {
      case 'respond-async':
        if (preference.kind === 'none') preference = { kind: 'async' }
        break
      case 'wait':
        if (preference.kind !== 'wait') preference = { kind: 'wait', seconds: readSeconds(value) }
        break
    }
  }
  return preference
}

function readSeconds(value: string | undefined): number {
  const text = (value ?? '').trim().replace(/^"(.*)"$/, '$1')
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= LONGEST_WAIT_S) return seconds
  throw new BrokerError('invalid_prefer', `Prefer: wait takes whole seconds up to ${LONGEST_WAIT_S}.`, {
    param: 'Prefer',
  })
}
