import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { isBeyondEnd, isMissingObject } from './s3-errors.ts'
import type { S3Place } from './s3-place.ts'

/** Size in bytes; null when there is no such object. */
export async function sizeOf({ client, bucket, prefix }: S3Place, name: string): Promise<number | null> {
  try {
    const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + name }))
    return ContentLength ?? 0
  } catch (error) {
    if (isMissingObject(error)) return null
    throw error
  }
}

/** The bytes from `from` up to and without `to`, and how many the object has. null when there is no such object. */
export async function readObject(
  place: S3Place,
  name: string,
  from = 0,
  to = Number.POSITIVE_INFINITY,
): Promise<{ bytes: number; body: Readable } | null> {
  if (to <= from) return nothingOf(place, name)
  const end = to === Number.POSITIVE_INFINITY ? '' : to - 1
  const Range = from === 0 && end === '' ? undefined : `bytes=${from}-${end}`
  try {
    const { client, bucket, prefix } = place
    const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + name, Range }))
    const bytes = Number(found.ContentRange?.split('/')[1] ?? found.ContentLength)
    if (!(found.Body instanceof Readable)) throw new Error('the answer of S3 has no body')
    return { bytes, body: found.Body }
  } catch (error) {
    if (isMissingObject(error)) return null
    if (isBeyondEnd(error)) return nothingOf(place, name)
    throw error
  }
}

async function nothingOf(place: S3Place, name: string): Promise<{ bytes: number; body: Readable } | null> {
  const bytes = await sizeOf(place, name)
  return bytes === null ? null : { bytes, body: Readable.from([]) }
}
