import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { isMissingUpload } from './s3-errors.ts'
import type { S3Place } from './s3-place.ts'

/** Parts under way at the same time: one, while its writer fills the next; that is all that is in memory. */
const BODIES_AT_ONCE = 1
/** Copies hold nothing here. */
const COPIES_AT_ONCE = 8

/** What S3 says of a part and wants to hear again; the checksum only where the upload was begun with one. */
interface Sent {
  ETag?: string | undefined
  ChecksumCRC32?: string | undefined
}

export interface MultipartUpload {
  /** Resolves when there is room for the next; rejects when a part before it failed. */
  add(body: Uint8Array): Promise<void>
  /** The bytes of another object, `to` exclusive. */
  copy(key: string, from: number, to: number): Promise<void>
  complete(): Promise<void>
  /** The object is as it was before. Never rejects: what can't be aborted is dropped later (`dropUnfinished`). */
  abort(): Promise<void>
}

/** An object of parts, of which all but the last have 5 MiB or more. Nothing is seen of it before it is complete. */
export async function startMultipartUpload(
  { client, bucket, prefix }: S3Place,
  name: string,
): Promise<MultipartUpload> {
  const place = { Bucket: bucket, Key: prefix + name }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place))
  const parts: Promise<Sent>[] = []
  const running = new Set<Promise<unknown>>()
  let failed: { error: unknown } | null = null

  async function push(atOnce: number, send: (PartNumber: number) => Promise<Sent>): Promise<void> {
    while (running.size >= atOnce) await Promise.race(running)
    if (failed) throw failed.error
    const part = send(parts.length + 1)
    parts.push(part)
    const settled = part.then(
      () => {},
      (error: unknown) => {
        failed ??= { error }
      },
    )
    const tracked = settled.finally(() => running.delete(tracked))
    running.add(tracked)
  }

  return {
    add: (Body) =>
      push(BODIES_AT_ONCE, (PartNumber) =>
        client.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body })),
      ),
    copy: (key, from, to) =>
      push(COPIES_AT_ONCE, async (PartNumber) => {
        const CopySource = `${bucket}/${(prefix + key).split('/').map(encodeURIComponent).join('/')}`
        const CopySourceRange = `bytes=${from}-${to - 1}`
        const copy = new UploadPartCopyCommand({ ...place, UploadId, PartNumber, CopySource, CopySourceRange })
        return (await client.send(copy)).CopyPartResult ?? {}
      }),
    async complete() {
      const Parts = (await Promise.all(parts)).map(({ ETag, ChecksumCRC32 }, i) => ({
        PartNumber: i + 1,
        ETag,
        ChecksumCRC32,
      }))
      await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }))
    },
    async abort() {
      await Promise.allSettled(parts)
      await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch((error) => {
        if (!isMissingUpload(error)) failed ??= { error }
      })
    },
  }
}
