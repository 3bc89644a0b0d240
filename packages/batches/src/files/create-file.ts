import { createHash, type Hash } from 'node:crypto'
import { BrokerError } from '@switchyard/contract/broker-error'
import { newUlid } from '@switchyard/contract/ids'
import { fileBlob, newFileId } from './file-id.ts'
import type { FileRecord, UPLOAD_PURPOSES } from './file-record.ts'
import type { Files } from './files.ts'
import { registerFile } from './register-file.ts'

/** OpenAI's limits, and their time for batch input. */
const MOST_FILE_BYTES = 512 * 1024 * 1024
const MOST_BATCH_FILE_BYTES = 200 * 1024 * 1024
const BATCH_FILE_KEPT_MS = 30 * 24 * 3_600_000
/** A record is about 400 bytes of Redis: 40 MB for a project at the most. */
const MOST_FILES = 100_000

/** What the form says beside the content; in a form it may stand behind it. */
export interface FileForm {
  purpose: (typeof UPLOAD_PURPOSES)[number]
  /** Seconds from now; undefined: 30 days for batch input, else for ever. */
  expiresAfterSeconds: number | undefined
}

/** How many bytes a file may have; for every purpose while that is not known. */
export function mostBytes(purpose: string | undefined): number {
  return purpose === 'batch' ? MOST_BATCH_FILE_BYTES : MOST_FILE_BYTES
}

/**
 * Writes the content as it comes, then the record. `form` is asked once the content has come, and throws for what is wrong with it.
 * Whatever throws, no file and no blob is left; a process that dies leaves an orphan to be collected.
 * Throws `file_too_large`, `invalid_value` for an empty file, `storage_quota`; `idempotency_key_reused` when the file of that `id` is
 * another.
 */
export async function createFile(
  files: Files,
  upload: {
    project: string
    filename: string
    content: AsyncIterable<Uint8Array>
    maxBytes: number
    form(): Promise<FileForm>
    /** Of a file that is to be made once, however often it comes: the id that it has, or will have. */
    id?: string
  },
): Promise<FileRecord> {
  const { project, filename, content, maxBytes } = upload
  const isOnce = upload.id !== undefined
  const id = upload.id ?? newFileId()
  // Others may be writing the same file.
  const blob = isOnce ? `${fileBlob(project, id)}-${newUlid()}` : fileBlob(project, id)
  const hash = isOnce ? createHash('sha256') : null
  const { bytes } = await files.blobs.putStream(blob, hash ? hashed(content, hash) : content, { maxBytes })
  try {
    const { purpose, expiresAfterSeconds } = await upload.form()
    if (bytes === 0) throw new BrokerError('invalid_value', 'File is empty.', { param: 'file' })
    if (bytes > mostBytes(purpose)) {
      throw new BrokerError('file_too_large', `More than ${mostBytes(purpose)} bytes are not accepted.`)
    }
    const keptMs = expiresAfterSeconds === undefined ? keptByDefault(purpose) : expiresAfterSeconds * 1000
    const nowMs = Date.now()
    const expiresAtMs = keptMs === null ? null : nowMs + keptMs
    const file = { project, id, blob, bytes, filename, purpose, expiresAtMs, mostFiles: MOST_FILES }
    if (!hash) return await registerFile(files, file, nowMs)
    const digest = hash.update(`\0${filename}\0${purpose}\0${expiresAfterSeconds ?? ''}`).digest('base64url')
    const standing = await registerFile(files, { ...file, digest }, nowMs)
    if (standing.digest !== digest) {
      throw new BrokerError('idempotency_key_reused', 'This Idempotency-Key was used for another file.', {
        param: 'Idempotency-Key',
      })
    }
    if (standing.blob !== blob) await files.blobs.delete(blob)
    return standing
  } catch (error) {
    // A record whose acknowledgement was lost keeps its blob: only what was refused can be known to have none.
    if (BrokerError.is(error)) await files.blobs.delete(blob)
    throw error
  }
}

async function* hashed(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncIterable<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
}

function keptByDefault(purpose: string): number | null {
  return purpose === 'batch' ? BATCH_FILE_KEPT_MS : null
}
