const NEWLINE = 10
const RETURN = 13

/** A line without its end; `bytes` null: it is longer than allowed, and was passed over without being kept. */
export interface InputLine {
  /** Of its first byte. */
  offset: number
  bytes: Buffer | null
}

/**
 * Cuts a stream of bytes into lines, those of one chunk at a time. Ends are `\n` or `\r\n`; the last line needs none. Holds one chunk
 * and one unfinished line of at most `maxBytes`.
 */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<InputLine[], void, undefined> {
  let offset = 0
  let parts: Buffer[] = []
  let held = 0

  function take(piece: Buffer): InputLine {
    const length = held + piece.length
    const line: InputLine = { offset, bytes: null }
    if (length <= maxBytes) {
      const bytes = parts.length === 0 ? piece : Buffer.concat([...parts, piece])
      line.bytes = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes
    }
    offset += length + 1
    parts = []
    held = 0
    return line
  }

  for await (const data of source) {
    const chunk = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const lines: InputLine[] = []
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      lines.push(take(chunk.subarray(from, end)))
      from = end + 1
    }
    if (from < chunk.length) {
      const rest = chunk.subarray(from)
      held += rest.length
      if (held > maxBytes) parts = []
      else parts.push(rest)
    }
    if (lines.length > 0) yield lines
  }
  if (held > 0) {
    // What is held is the whole line: nothing follows it.
    const whole = Buffer.concat(parts)
    held -= whole.length
    parts = []
    yield [take(whole)]
  }
}
