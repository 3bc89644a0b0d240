/** One member of the outermost object, by byte offsets. `end` is after the value, before a comma. */
export interface Member {
  key: string
  start: number
  valueStart: number
  end: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN = new Set([0x7b, 0x5b])
const CLOSE = new Set([0x7d, 0x5d])

/**
 * The members of a JSON object that is known to be valid. Values are skipped, not parsed: strings by searching their end, so
 * that a body with megabytes of base64 costs little, and nothing of it is changed by a round trip.
 */
export function topLevelMembers(json: Buffer): Member[] {
  const members: Member[] = []
  let at = skipSpace(json, 0) + 1
  for (;;) {
    at = skipSpace(json, at)
    if (json[at] !== QUOTE) return members
    const start = at
    at = endOfString(json, at)
    const key: string = JSON.parse(json.toString('utf8', start, at))
    const valueStart = skipSpace(json, skipSpace(json, at) + 1)
    const end = endOfValue(json, valueStart)
    members.push({ key, start, valueStart, end })
    at = skipSpace(json, end)
    if (json[at] !== COMMA) return members
    at++
  }
}

function skipSpace(json: Buffer, from: number): number {
  let at = from
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at++
  return at
}

/** `from` is at the opening quote; answers the offset after the closing one. */
function endOfString(json: Buffer, from: number): number {
  let at = from
  for (;;) {
    at = json.indexOf(QUOTE, at + 1)
    if (at === -1) throw new Error('the request body is not valid JSON')
    let slashes = 0
    while (json[at - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

function endOfValue(json: Buffer, from: number): number {
  let at = from
  let depth = 0
  for (; at < json.length; ) {
    const byte = json[at] as number
    if (byte === QUOTE) {
      at = endOfString(json, at)
      if (depth === 0) return at
      continue
    }
    if (OPEN.has(byte)) depth++
    else if (CLOSE.has(byte)) {
      if (depth === 0) return trimEnd(json, at)
      depth--
      if (depth === 0) return at + 1
    } else if (byte === COMMA && depth === 0) return trimEnd(json, at)
    at++
  }
  return trimEnd(json, at)
}

function trimEnd(json: Buffer, end: number): number {
  let at = end
  while (at > 0 && (json[at - 1] as number) <= 0x20) at--
  return at
}
