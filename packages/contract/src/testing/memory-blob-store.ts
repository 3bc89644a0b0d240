import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { checkBlobName, checkBlobPrefix } from '../blob-name.ts'
import type { BlobStore } from '../blob-store.ts'
import { BrokerError } from '../broker-error.ts'

/** Blobs in memory, for suites that are not about blobs; it passes the suite of the real ones. */
export function memoryBlobStore(): BlobStore & { names(): string[] } {
  const blobs = new Map<string, { data: Buffer; modifiedAtMs: number }>()
  const isBelow = (name: string, prefix: string) => prefix === '' || name.startsWith(`${prefix}/`)
  const keep = (name: string, data: Buffer) => blobs.set(checkBlobName(name), { data, modifiedAtMs: Date.now() })
  return {
    async put(name, data) {
      keep(name, Buffer.from(data))
    },
    async putStream(name, source, { maxBytes = Number.POSITIVE_INFINITY } = {}) {
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of source) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new BrokerError('file_too_large', `More than ${maxBytes} bytes are not accepted.`)
        chunks.push(Buffer.from(chunk))
      }
      const data = Buffer.concat(chunks)
      keep(name, data)
      return { bytes, sha256: createHash('sha256').update(data).digest('hex') }
    },
    async get(name) {
      return blobs.get(checkBlobName(name))?.data ?? null
    },
    async stream(name, { from = 0, to } = {}) {
      const blob = blobs.get(name)
      return blob ? { bytes: blob.data.length, body: Readable.from([blob.data.subarray(from, to)]) } : null
    },
    async getRange(name, from, to) {
      return blobs.get(name)?.data.subarray(from, to) ?? null
    },
    async compose(name, parts) {
      const found = parts.map((part) => {
        const blob = blobs.get(part)
        if (!blob) throw new Error(`there is no blob ${part}`)
        return blob.data
      })
      const data = Buffer.concat(found)
      keep(name, data)
      return { bytes: data.length }
    },
    async delete(name) {
      blobs.delete(name)
    },
    async deleteBelow(prefix) {
      if (checkBlobPrefix(prefix) === '') throw new Error('a prefix is needed to delete what is below it')
      for (const name of blobs.keys()) if (isBelow(name, prefix)) blobs.delete(name)
    },
    async *list(prefix) {
      checkBlobPrefix(prefix)
      for (const name of [...blobs.keys()].toSorted()) {
        if (isBelow(name, prefix)) yield { name, modifiedAtMs: blobs.get(name)?.modifiedAtMs ?? 0 }
      }
    },
    dropUnfinished: async () => 0,
    names: () => [...blobs.keys()],
  }
}
