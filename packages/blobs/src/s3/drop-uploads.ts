import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import { isMissingUpload } from './s3-errors.ts'
import type { S3Place } from './s3-place.ts'

/** Aborts the uploads that were begun before then and never completed: they cost storage and nobody sees them. Gives how many. */
export async function dropUploads({ client, bucket, prefix }: S3Place, beforeMs: number): Promise<number> {
  let dropped = 0
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | null = {}
  while (marker) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }),
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if ((Initiated?.getTime() ?? 0) > beforeMs) continue
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }))
        dropped++
      } catch (error) {
        if (!isMissingUpload(error)) throw error
      }
    }
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : null
  }
  return dropped
}
