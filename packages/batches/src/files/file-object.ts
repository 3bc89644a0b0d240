import { z } from 'zod'
import { FILE_PURPOSES, type FileRecord } from './file-record.ts'

/** A file as clients see it: OpenAI's shape. Times in epoch seconds. */
export const fileObject = z.object({
  id: z.string(),
  object: z.literal('file'),
  bytes: z.int(),
  created_at: z.int(),
  expires_at: z.int().nullable(),
  filename: z.string(),
  purpose: z.enum(FILE_PURPOSES),
  status: z.literal('processed').describe('A file that can be seen is complete'),
  status_details: z.null(),
})

export function toFileObject(record: FileRecord): z.infer<typeof fileObject> {
  return {
    id: record.id,
    object: 'file',
    bytes: record.bytes,
    created_at: Math.floor(record.createdAtMs / 1000),
    expires_at: record.expiresAtMs === null ? null : Math.floor(record.expiresAtMs / 1000),
    filename: record.filename,
    purpose: record.purpose,
    status: 'processed',
    status_details: null,
  }
}
