import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What any key looks like. A first key may be chosen by hand. */
const ANY = /^sk-sy-[A-Za-z0-9_-]{20,200}$/
/** What ours look like: 12 characters of id, 43 of secret (256 bits in base64url), 6 of checksum. */
const OURS = /^sk-sy-[a-z0-9]{12}-[A-Za-z0-9_-]{43}-[a-z0-9]{6}$/

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const CHECKSUM_LENGTH = 6
/** How much of a key a message or a list may show. */
const PREFIX_LENGTH = 10

export type ParsedApiKey = { ok: true; prefix: string } | { ok: false }

/** `sk-sy-<id>-<secret>-<checksum>`, 69 characters. The prefix is for secret scanners, the checksum tells a typo from a key. */
export function newApiKey(): string {
  let id = ''
  for (const byte of randomBytes(12)) id += ALPHABET[byte % ALPHABET.length]
  const body = `sk-sy-${id}-${randomBytes(32).toString('base64url')}`
  return `${body}-${checksumOf(body)}`
}

/** Tells keys from other text without asking anybody: the form, and the checksum of those that we made. */
export function parseApiKey(text: string): ParsedApiKey {
  if (!ANY.test(text)) return { ok: false }
  if (OURS.test(text) && !text.endsWith(checksumOf(text.slice(0, -CHECKSUM_LENGTH - 1)))) return { ok: false }
  return { ok: true, prefix: text.slice(0, PREFIX_LENGTH) }
}

/** CRC-32 in base 36; its last six digits, so that one in two thousand million wrong keys passes. */
function checksumOf(body: string): string {
  return crc32(body).toString(36).padStart(CHECKSUM_LENGTH, '0').slice(-CHECKSUM_LENGTH)
}
