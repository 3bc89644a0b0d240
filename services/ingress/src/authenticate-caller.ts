import { BrokerError } from '@switchyard/contract/broker-error'
import type { Principal } from './principal.ts'

/** Temporary. */
export function temporaryAuthenticate(apiKey: string | undefined) {
  return async (authorization: string | undefined, _address: string): Promise<Principal> => {
    if (authorization === undefined || authorization === '')
      throw new BrokerError('missing_api_key', 'No API key was given.')
    if (authorization === `Bearer ${apiKey}`)
      return { project: `p${apiKey?.slice(6, 30)}`, apiKey: 'key_1', scopes: [] }
    if (authorization === `Bearer ${apiKey}x`) return { project: `other`, apiKey: 'key_2', scopes: [] }
    throw new BrokerError('invalid_api_key', 'The API key is not valid.')
  }
}
