import { z } from 'zod'

/** What clients may upload for (https://platform.openai.com/docs/api-reference/files/create). */
export const UPLOAD_PURPOSES = ['assistants', 'batch', 'evals', 'fine-tune', 'user_data', 'vision'] as const

/** `batch_output` is what batches write. */
export const FILE_PURPOSES = [...UPLOAD_PURPOSES, 'batch_output'] as const

export type FilePurpose = (typeof FILE_PURPOSES)[number]

/** A file as Redis keeps it. */
export const fileRecord = z.object({
  v: z.literal(1),
  id: z.string(),
  project: z.string(),
  blob: z.string(),
  bytes: z.int(),
  filename: z.string(),
  purpose: z.enum(FILE_PURPOSES),
  createdAtMs: z.int(),
  expiresAtMs: z.int().nullable(),
  /** Of content and form, where it was uploaded under an idempotency key. */
  digest: z.string().optional(),
})

export type FileRecord = z.infer<typeof fileRecord>

export function parseFileRecord(text: string): FileRecord {
  return fileRecord.parse(JSON.parse(text))
}
