import { isIPv6 } from 'node:net'
import { BrokerError } from '@switchyard/contract/broker-error'
import { LruMap } from './lru-map.ts'

export interface FailedAuthLimit {
  /**
   * Counts a failed authentication. Throws `too_many_auth_failures` with the time until the minute is over, once its network had
   * more than its share. Requests with a good key are not counted and not refused, so nobody is shut out by a neighbour.
   */
  failed(ip: string): void
}

const NETWORKS = 10_000
const MINUTE_MS = 60_000

/** Counts in this process, in a minute that begins with a network's first failure; of at most 10,000 networks, the latest. */
export function createFailedAuthLimit(options: { perMinute?: number; now?: () => number } = {}): FailedAuthLimit {
  const { perMinute = 100, now = Date.now } = options
  const failures = new LruMap<string, { count: number; untilMs: number }>(NETWORKS)
  return {
    failed(ip) {
      const network = networkOf(ip)
      const atMs = now()
      let entry = failures.get(network)
      if (!entry || entry.untilMs <= atMs || entry.untilMs > atMs + MINUTE_MS) {
        entry = { count: 0, untilMs: atMs + MINUTE_MS }
        failures.set(network, entry)
      }
      entry.count++
      if (entry.count <= perMinute) return
      throw new BrokerError('too_many_auth_failures', 'Too many requests with a wrong API key. Try again later.', {
        retryAfterMs: entry.untilMs - atMs,
      })
    },
  }
}

/** An IPv4 address, or the /64 of an IPv6 one, of which anybody has as many addresses as he likes. */
function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  if (mapped) return mapped
  if (!isIPv6(ip)) return ip.slice(0, 45)
  const [front = '', back] = ip.toLowerCase().split('%')[0]!.split('::')
  const groups = front === '' ? [] : front.split(':')
  if (back !== undefined) {
    const behind = back === '' ? 0 : back.split(':').length + (back.includes('.') ? 1 : 0)
    while (groups.length + behind < 8) groups.push('0')
  }
  while (groups.length < 4) groups.push(...(back ?? '').split(':'))
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
