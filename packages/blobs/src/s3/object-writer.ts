import { PutObjectCommand } from '@aws-sdk/client-s3'
import { type MultipartUpload, startMultipartUpload } from './multipart-upload.ts'
import { type S3Place, SMALLEST_PART_BYTES } from './s3-place.ts'

export interface ObjectWriter {
  /** Resolves when more can be written. */
  write(chunk: Uint8Array): Promise<void>
  /** Takes a stretch of another object, without moving its bytes through here where S3 lets us. */
  copy(key: string, from: number, to: number): Promise<void>
  /** How many more bytes would fill the part that is being gathered; 0 when nothing has been gathered. */
  missing(): number
  end(): Promise<void>
  /** Nothing of it stays. */
  abort(): Promise<void>
}

/** Writes one object from one end to the other, holding two parts at the most; a small one goes in a single request. */
export function writeObject(place: S3Place, name: string): ObjectWriter {
  let gathered: Uint8Array[] = []
  let bytes = 0
  let upload: MultipartUpload | null = null

  async function flush(): Promise<void> {
    if (bytes === 0) return
    upload ??= await startMultipartUpload(place, name)
    const part = Buffer.concat(gathered, bytes)
    gathered = []
    bytes = 0
    await upload.add(part)
  }

  return {
    async write(chunk) {
      gathered.push(chunk)
      bytes += chunk.length
      if (bytes >= SMALLEST_PART_BYTES) await flush()
    },
    async copy(key, from, to) {
      await flush()
      upload ??= await startMultipartUpload(place, name)
      await upload.copy(key, from, to)
    },
    missing: () => (bytes === 0 ? 0 : SMALLEST_PART_BYTES - bytes),
    async end() {
      if (upload) {
        await flush()
        await upload.complete()
        return
      }
      const Body = Buffer.concat(gathered, bytes)
      await place.client.send(new PutObjectCommand({ Bucket: place.bucket, Key: place.prefix + name, Body }))
    },
    async abort() {
      gathered = []
      await upload?.abort()
    },
  }
}
