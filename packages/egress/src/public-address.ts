import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/** Outside `ipaddr.js`' special ranges and still nobody's public server: Azure's wire server. */
const DENIED = new Set(['168.63.129.16'])
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/**
 * Whether an address is a public one that we may connect to. An allow-list: IPv4 outside every special range of IANA's registry, IPv6
 * only in 2000::/3 and there outside what embeds an IPv4 address or is reserved (6to4, Teredo, ORCHID, documentation …). Forms that
 * carry IPv4 in IPv6 (mapped, NAT64, compatible) are thereby refused or judged by what they carry. Our own addresses are refused too.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_UNICAST)) return false
  const text = parsed.toNormalizedString()
  return !DENIED.has(text) && !ownAddresses().has(text)
}

/** 127.0.0.0/8 and ::1, and nothing that merely resembles them. */
export function isLoopbackAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback'
}

const OWN_FOR_MS = 30_000
let own: { addresses: Set<string>; readAtMs: number } | null = null

/** A listener of ours on a public address is no foreign server: others behind our firewall could not reach it either. */
function ownAddresses(): Set<string> {
  const nowMs = performance.now()
  if (own === null || nowMs - own.readAtMs > OWN_FOR_MS) {
    const all = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
    const addresses = all.map(({ address }) => address.split('%')[0]!).filter((address) => ipaddr.isValid(address))
    own = { addresses: new Set(addresses.map((each) => ipaddr.process(each).toNormalizedString())), readAtMs: nowMs }
  }
  return own.addresses
}
