import { isIP } from 'node:net'
import { isLoopbackAddress, isPublicAddress } from './public-address.ts'

export interface UrlRules {
  /** For development: http and any port, to 127.0.0.0/8, ::1 and `localhost`, and to nothing else that is not public. */
  allowLoopback: boolean
}

/** `malformed`: no URL that we would ever call; `not_allowed`: its host is, or is named as, something that is not public. */
export type UrlVerdict = { ok: true; url: URL } | { ok: false; problem: 'malformed' | 'not_allowed'; reason: string }

const LONGEST = 2_048
/** What servers of https listen on; anything else is more often somebody's database than somebody's receiver. */
const PORTS = new Set(['', '443', '4443', '8443', '9443'])
/** Names that mean this machine or this network (RFC 6761, 6762, 8375, 9476 and what clouds and routers use). */
const LOCAL_SUFFIXES = [
  ...['localhost', 'localdomain', 'local', 'internal', 'intranet', 'private'],
  ...['corp', 'home', 'lan', 'home.arpa', 'ip6-localhost', 'ip6-loopback'],
]
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/**
 * Judges a URL that a user gave, without any look-up: parsed once, by the parser whose result is used to connect. Hosts in any writing
 * (octal, decimal, hex, full-width digits, trailing dots) are what the parser makes of them. `reason` is a class and holds nothing of
 * the URL. Names are judged again when they have been resolved (resolve-target.ts).
 */
export function checkUrl(text: string, rules: UrlRules): UrlVerdict {
  if (text.length > LONGEST) return malformed(`it is longer than ${LONGEST} characters`)
  // Parsers disagree about these, so none of ours ever sees them.
  if (hasControlOrSpace(text) || text.includes('\\'))
    return malformed('it holds a space, a control character or a backslash')
  if (!/^https?:\/\/[^/?#]/i.test(text) || !URL.canParse(text)) return malformed('it is no https URL with a host')
  const url = new URL(text)
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(text)![1]!
  if (authority.includes('@')) return malformed('it holds credentials')
  url.hash = ''
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (rules.allowLoopback && isLoopbackHost(host)) return { ok: true, url }
  if (isIP(host) !== 0) {
    if (!isPublicAddress(host)) return notAllowed()
  } else {
    // What looks like one name and is another: whoever means it writes its ASCII form.
    if (/[^\x21-\x7e]/.test(authority)) return malformed('its host is not written in ASCII')
    const labels = host.split('.')
    if (host.length > 253 || !labels.every((label) => LABEL.test(label))) return malformed('its host is no domain name')
    if (labels.length < 2 || LOCAL_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`))) return notAllowed()
  }
  if (url.protocol !== 'https:') return malformed('it must begin with https://')
  if (!PORTS.has(url.port)) return malformed('its port is not one of 443, 4443, 8443, 9443')
  return { ok: true, url }
}

/** By its writing alone: a name that resolves to loopback is none. */
function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host)
}

function hasControlOrSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f) return true
  }
  return false
}

function malformed(reason: string): UrlVerdict {
  return { ok: false, problem: 'malformed', reason }
}

function notAllowed(): UrlVerdict {
  return { ok: false, problem: 'not_allowed', reason: 'its host is not public' }
}
