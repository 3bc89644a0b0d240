import type { S3Client } from '@aws-sdk/client-s3'

/** Where blobs are: keys of a bucket, all below one prefix. */
export interface S3Place {
  client: S3Client
  bucket: string
  /** '' or ends with a slash. */
  prefix: string
}

/** S3 takes no smaller part of a multipart upload, except as the last. */
export const SMALLEST_PART_BYTES = 5 * 1024 * 1024

/** `s3://bucket/prefix`; null when it is none. */
export function parseS3Location(location: string): { bucket: string; prefix: string } | null {
  const given = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?$/.exec(location)
  if (!given) return null
  const prefix = (given[2] ?? '').replace(/^\/+|\/+$/g, '')
  return { bucket: given[1]!, prefix: prefix === '' ? '' : `${prefix}/` }
}
