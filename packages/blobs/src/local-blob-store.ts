import { type FileHandle, mkdir, open, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkBlobName, checkBlobPrefix, isBlobName } from '@switchyard/contract/blob-name'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { countBytes } from './count-bytes.ts'
import { DRAFT, walkFiles } from './walk-files.ts'
import { isMissing, writeFresh, writeWhole } from './write-file.ts'

/** One read or write of a stream; at most two of them are in memory for each. */
const CHUNK_BYTES = 256 * 1024

/**
 * Blobs as files below one directory, for one machine. A blob is written beside its place and renamed, so no reader sees half of it.
 * `fsync`: a write resolves only when the blob would survive a power cut (`SWITCHYARD_DURABILITY=strict`).
 */
export async function openLocalBlobStore(directory: string, { fsync = false } = {}): Promise<BlobStore> {
  await mkdir(directory, { recursive: true })
  const pathOf = (name: string) => join(directory, checkBlobName(name))

  async function openToRead(name: string) {
    const file = await open(pathOf(name), 'r').catch(nullIfMissing)
    return file && { file, bytes: (await file.stat()).size }
  }

  /** Owners come and go by the thousand, so no empty directory stays. A writer that is just coming in makes it anew. */
  async function removeEmpty(name: string): Promise<void> {
    for (let above = dirname(name); above !== '.'; above = dirname(above)) {
      const gone = await rmdir(join(directory, above)).then(
        () => true,
        () => false,
      )
      if (!gone) return
    }
  }

  /** A write that fails leaves no directory either. */
  async function attempt(name: string, write: (path: string) => Promise<void>): Promise<void> {
    const path = pathOf(name)
    try {
      await write(path)
    } catch (error) {
      await removeEmpty(name)
      throw error
    }
  }

  return {
    async put(name, data, { fresh = false } = {}) {
      await attempt(name, (path) =>
        fresh ? writeFresh(path, data, fsync) : writeWhole(path, fsync, (file) => file.writeFile(data)),
      )
    },
    async putStream(name, source, { maxBytes } = {}) {
      const counted = countBytes(maxBytes)
      const write = async (file: FileHandle) => {
        for await (const chunk of source) {
          counted.add(chunk)
          await file.writeFile(chunk)
        }
      }
      await attempt(name, (path) => writeWhole(path, fsync, write))
      return counted.done()
    },
    async get(name) {
      return readFile(pathOf(name)).catch(nullIfMissing)
    },
    async stream(name, { from = 0, to = Number.POSITIVE_INFINITY } = {}) {
      const found = await openToRead(name)
      if (!found) return null
      const { file, bytes } = found
      const end = Math.min(to, bytes)
      // An empty stretch cannot be said with an inclusive end; a start behind the end of the file reads nothing.
      const stretch = end > from ? { start: from, end: end - 1 } : { start: bytes }
      return { bytes, body: file.createReadStream({ ...stretch, highWaterMark: CHUNK_BYTES }) }
    },
    async getRange(name, from, to) {
      const found = await openToRead(name)
      if (!found) return null
      try {
        const stretch = Buffer.allocUnsafe(Math.max(0, Math.min(to, found.bytes) - from))
        let filled = 0
        while (filled < stretch.length) {
          const { bytesRead } = await found.file.read(stretch, filled, stretch.length - filled, from + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return stretch.subarray(0, filled)
      } finally {
        await found.file.close()
      }
    },
    async compose(name, parts) {
      const paths = parts.map(pathOf)
      let bytes = 0
      const write = async (whole: FileHandle) => {
        for (const path of paths) {
          const part = await open(path, 'r')
          for await (const chunk of part.createReadStream({ highWaterMark: CHUNK_BYTES })) {
            await whole.writeFile(chunk)
            bytes += chunk.length
          }
        }
      }
      await attempt(name, (path) => writeWhole(path, fsync, write))
      return { bytes }
    },
    async delete(name) {
      await rm(pathOf(name), { force: true })
      await removeEmpty(name)
    },
    async deleteBelow(prefix) {
      if (prefix === '') throw new Error('a prefix is needed to delete what is below it')
      await rm(join(directory, checkBlobPrefix(prefix)), { recursive: true, force: true })
      await removeEmpty(prefix)
    },
    async *list(prefix) {
      for await (const found of walkFiles(directory, checkBlobPrefix(prefix))) {
        if (isBlobName(found.name)) yield found
      }
    },
    async dropUnfinished(olderThanMs) {
      let dropped = 0
      const before = Date.now() - olderThanMs
      for await (const { name, modifiedAtMs } of walkFiles(directory, '')) {
        if (!DRAFT.test(name) || modifiedAtMs > before) continue
        await rm(join(directory, name), { force: true })
        await removeEmpty(name)
        dropped++
      }
      return dropped
    },
  }
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}
