/** Six bytes of offset, four of length, both with the most significant byte first. */
const ENTRY_BYTES = 10

export interface LinePlace {
  offset: number
  length: number
}

/** Collects where lines stand, in a buffer that grows by doubling. */
export function createLineTable(): { add(place: LinePlace): void; bytes(): Buffer } {
  let buffer = Buffer.allocUnsafe(1_024 * ENTRY_BYTES)
  let used = 0
  return {
    add({ offset, length }) {
      if (used === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
      buffer.writeUIntBE(offset, used, 6)
      buffer.writeUInt32BE(length, used + 6)
      used += ENTRY_BYTES
    },
    bytes: () => buffer.subarray(0, used),
  }
}

export function placeOf(table: Buffer, line: number): LinePlace {
  const at = line * ENTRY_BYTES
  return { offset: table.readUIntBE(at, 6), length: table.readUInt32BE(at + 6) }
}
