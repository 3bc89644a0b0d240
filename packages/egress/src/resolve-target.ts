import { Resolver } from 'node:dns/promises'
import { isPublicAddress } from './public-address.ts'

/** Gives every address that a name has. Rejects when it has none, or nobody could tell. */
export type Resolve = (hostname: string) => Promise<string[]>

/** Why a name leads nowhere: it has no address, or one that is not public. */
export class UnresolvedError extends Error {
  readonly notAllowed: boolean

  constructor(notAllowed: boolean, options?: { cause: unknown }) {
    super(notAllowed ? 'the name has an address that is not public' : 'the name could not be resolved', options)
    this.name = 'UnresolvedError'
    this.notAllowed = notAllowed
  }
}

const QUERY_MS = 2_500
const TRIES = 2
/** A receiver has a few; beyond them nothing is tried. */
const MOST_ADDRESSES = 8

/**
 * By DNS alone: no hosts file and none of the four threads that `getaddrinfo` would block for slow names, files included.
 * `servers`: addresses with ports; those of the system where none are given.
 */
export function dnsResolve(options: { servers?: string[] } = {}): Resolve {
  const resolver = new Resolver({ timeout: QUERY_MS, tries: TRIES })
  if (options.servers) resolver.setServers(options.servers)
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (found.length > 0) return found
    throw four.status === 'rejected' ? four.reason : new Error('no address')
  }
}

/**
 * The addresses to connect to for a name. One that is not public refuses them all, whichever would have been used: mixed answers and
 * rebinding names are nobody's honest receiver. Throws `UnresolvedError`.
 */
export async function resolveTarget(hostname: string, resolve: Resolve): Promise<string[]> {
  let addresses: string[]
  try {
    addresses = await resolve(hostname.replace(/\.$/, ''))
  } catch (cause) {
    throw new UnresolvedError(false, { cause })
  }
  if (addresses.length === 0) throw new UnresolvedError(false)
  if (!addresses.every(isPublicAddress)) throw new UnresolvedError(true)
  return addresses.slice(0, MOST_ADDRESSES)
}
