import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { checkBlobName, checkBlobPrefix, isBlobName } from '@switchyard/contract/blob-name'
import type { BlobStore } from '@switchyard/contract/blob-store'
import { countBytes } from '../count-bytes.ts'
import { composeObject } from './compose-object.ts'
import { dropUploads } from './drop-uploads.ts'
import { writeObject } from './object-writer.ts'
import { readObject } from './read-object.ts'
import type { S3Place } from './s3-place.ts'

const CONNECT_MS = 3_000
/** Silence of a connection, not the whole of a request. */
const IDLE_MS = 30_000
/** A download holds a socket for as long as its client takes. */
const SOCKETS = 256

/**
 * Blobs as objects of S3 or of what speaks like it. Needed of it: Put, Get with ranges, Head, Delete, DeleteObjects, ListObjectsV2,
 * HeadBucket, multipart uploads with UploadPartCopy and ListMultipartUploads, and that a read sees the last write. Credentials and region come
 * as the SDK finds them (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, a role …). With an `endpoint` the bucket stands in the path, and no
 * checksums are sent that only S3 knows. Rejects when there is no such bucket.
 */
export async function openS3BlobStore(
  location: { bucket: string; prefix: string },
  { endpoint }: { endpoint?: string | undefined } = {},
): Promise<BlobStore> {
  const client = new S3Client({
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: IDLE_MS,
      httpAgent: { keepAlive: true, maxSockets: SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: SOCKETS },
    },
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          region: process.env.AWS_REGION ?? 'us-east-1',
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
  })
  const place: S3Place = { client, ...location }
  const Bucket = location.bucket
  const keyOf = (name: string) => location.prefix + checkBlobName(name)
  await client.send(new HeadBucketCommand({ Bucket }))

  async function* list(prefix: string): AsyncIterable<{ name: string; modifiedAtMs: number }> {
    const Prefix = location.prefix + (checkBlobPrefix(prefix) === '' ? '' : `${prefix}/`)
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      for (const { Key = '', LastModified } of Contents) {
        const name = Key.slice(location.prefix.length)
        if (isBlobName(name)) yield { name, modifiedAtMs: LastModified?.getTime() ?? 0 }
      }
    }
  }

  return {
    async put(name, data) {
      await client.send(new PutObjectCommand({ Bucket, Key: keyOf(name), Body: Buffer.from(data) }))
    },
    async putStream(name, source, { maxBytes } = {}) {
      const counted = countBytes(maxBytes)
      const writer = writeObject(place, checkBlobName(name))
      try {
        for await (const chunk of source) {
          counted.add(chunk)
          await writer.write(chunk)
        }
        await writer.end()
      } catch (error) {
        await writer.abort()
        throw error
      }
      return counted.done()
    },
    async get(name) {
      const found = await readObject(place, checkBlobName(name))
      return found && (await whole(found.body))
    },
    stream: (name, { from, to } = {}) => readObject(place, checkBlobName(name), from, to),
    async getRange(name, from, to) {
      const found = await readObject(place, checkBlobName(name), from, to)
      return found && (await whole(found.body))
    },
    async compose(name, parts) {
      return composeObject(place, checkBlobName(name), parts.map(checkBlobName))
    },
    async delete(name) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) }))
    },
    async deleteBelow(prefix) {
      if (prefix === '') throw new Error('a prefix is needed to delete what is below it')
      // A page of the list is as many as one request deletes.
      const Prefix = `${location.prefix}${checkBlobPrefix(prefix)}/`
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
        if (Contents.length === 0) continue
        const Objects = Contents.map(({ Key }) => ({ Key }))
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        )
        if (Errors[0]) throw new Error(`S3 did not delete ${Errors.length} blobs: ${Errors[0].Code}`)
      }
    },
    list,
    dropUnfinished: (olderThanMs) => dropUploads(place, Date.now() - olderThanMs),
  }
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
