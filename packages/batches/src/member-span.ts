const QUOTE = 34
const BACKSLASH = 92

/**
 * Where the value of a member stands in the bytes of a JSON object: from its first byte up to and without `end`. The bytes must be an object without
 * duplicate keys (contract's read-json.ts has made sure). null when there is no such member. A body that is taken out like this
 * keeps its numbers and escapes as they were sent.
 */
export function memberSpan(bytes: Buffer, name: string): { start: number; end: number } | null {
  let at = bytes.indexOf(123) + 1
  for (;;) {
    at = skipSpace(bytes, at)
    if (at >= bytes.length || bytes[at] !== QUOTE) return null
    const keyEnd = stringEnd(bytes, at)
    const key = JSON.parse(bytes.toString('utf8', at, keyEnd)) as string
    const start = skipSpace(bytes, bytes.indexOf(58, keyEnd) + 1)
    const end = valueEnd(bytes, start)
    if (key === name) return { start, end }
    at = skipSpace(bytes, end)
    if (bytes[at] !== 44) return null
    at++
  }
}

function skipSpace(bytes: Buffer, at: number): number {
  let i = at
  while (bytes[i] === 32 || bytes[i] === 9 || bytes[i] === 10 || bytes[i] === 13) i++
  return i
}

/** Behind the closing quote of the string that begins at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  let i = at + 1
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
  return i + 1
}

function valueEnd(bytes: Buffer, at: number): number {
  let depth = 0
  let i = at
  while (i < bytes.length) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      i = stringEnd(bytes, i)
      if (depth === 0) return i
      continue
    }
    if (byte === 123 || byte === 91) depth++
    else if (byte === 125 || byte === 93) {
      // The object's own end, behind a number or a word.
      if (depth === 0) return i
      if (--depth === 0) return i + 1
    } else if (depth === 0 && (byte === 44 || byte <= 32)) return i
    i++
  }
  return i
}
