import { isIP } from 'node:net'
import { BrokerError } from '@switchyard/contract/broker-error'

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/

/**
 * Throws `invalid_host` unless the request calls us by an address, `localhost` or one of our names: a page in a browser on this machine
 * that had its own name point here (DNS rebinding) still sends that name.
 */
export function checkHost(host: string | undefined, names: readonly string[]): void {
  const name = HOST.exec(host?.toLowerCase() ?? '')?.[1]
  if (name !== undefined) {
    if (name === 'localhost' || names.includes(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0) return
  }
  throw new BrokerError('invalid_host', 'This listener is not known by that name. CONTROL_NAMES lists more.')
}
