import { isIPv6, type LookupFunction } from 'node:net'
import { type Resolve, resolveTarget } from './resolve-target.ts'

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * The look-up of a connection: what it gives is what is connected to, so an answer that was checked can't be another one a moment
 * later. Node does not call it for IP literals; those are judged by `checkUrl` before every request.
 */
export function pinnedLookup(resolve: Resolve, rules: { allowLoopback: boolean }): LookupFunction {
  return (hostname, options, callback) => {
    const found =
      rules.allowLoopback && hostname === 'localhost'
        ? Promise.resolve(LOOPBACK)
        : resolveTarget(hostname, resolve).then((addresses) =>
            addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
          )
    found.then(
      (addresses) => {
        if (options.all) callback(null, addresses)
        else callback(null, addresses[0]!.address, addresses[0]!.family)
      },
      (error: Error) => callback(error, []),
    )
  }
}
