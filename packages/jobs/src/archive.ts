import { promisify } from 'node:util'
import { zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import type { LogEntry } from '@switchyard/contract/log-entry'

/** What leaves Redis a minute after a job's end: one blob, compressed where that saves anything. */
export interface Archive {
  v: 1
  request: string | null
  result: string | null
  entries: LogEntry[]
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** A block of a file system: less than one is not saved, and most answers to a question are that short. */
const PLAIN_BYTES = 4 * 1024
/** Up to here compressing takes a fraction of a millisecond, and handing it to another thread several times as much. */
const AT_ONCE_BYTES = 64 * 1024

export async function encodeArchive(archive: Archive): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(archive))
  if (plain.length <= PLAIN_BYTES) return plain
  // Told the size, zstd does not clear tables that are made for megabytes.
  const sized = { pledgedSrcSize: plain.length }
  return plain.length <= AT_ONCE_BYTES ? zstdCompressSync(plain, sized) : compress(plain, sized)
}

/** Of a JSON object; compressed data begins otherwise (https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1). */
const OPENING_BRACE = 0x7b

export async function decodeArchive(blob: Buffer): Promise<Archive> {
  const plain = blob[0] === OPENING_BRACE ? blob : await decompress(blob)
  return JSON.parse(plain.toString()) as Archive
}
