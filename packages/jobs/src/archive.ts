import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
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

export async function encodeArchive(archive: Archive): Promise<Buffer> {
  return compress(JSON.stringify(archive))
}

export async function decodeArchive(blob: Buffer): Promise<Archive> {
  return JSON.parse((await decompress(blob)).toString()) as Archive
}
