import { promisify } from 'node:util'
import { zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import type { LogEntry } from '@switchyard/contract/log-entry'

/** What leaves Redis a minute after a job's end: one compressed blob. */
export interface Archive {
  v: 1
  request: string | null
  result: string | null
  entries: LogEntry[]
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Up to here compressing takes a fraction of a millisecond, and handing it to another thread several times as much. */
const AT_ONCE_BYTES = 64 * 1024

export async function encodeArchive(archive: Archive): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(archive))
  // Told the size, zstd does not clear tables that are made for megabytes.
  const sized = { pledgedSrcSize: plain.length }
  return plain.length <= AT_ONCE_BYTES ? zstdCompressSync(plain, sized) : compress(plain, sized)
}

export async function decodeArchive(blob: Buffer): Promise<Archive> {
  return JSON.parse((await decompress(blob)).toString()) as Archive
}
