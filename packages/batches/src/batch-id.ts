import { createHash } from 'node:crypto'
import { newUlid } from '@switchyard/contract/ids'

export function newBatchId(nowMs?: number): string {
  return `batch_${newUlid(nowMs)}`
}

const BATCH_ID = /^batch_[0-9A-HJKMNP-TV-Z]{26}$/

/** Malformed ids are treated as unknown ones before any key is built from them. */
export function isBatchId(text: string): boolean {
  return BATCH_ID.test(text)
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The job of a line's try: the time of its batch, and 80 bits of a digest where other jobs have random ones. Whoever makes the job
 * after a crash makes the same one.
 */
export function jobIdOfLine(batchId: string, line: number, tryNumber: number): string {
  return `job_${derived(batchId, `${line} ${tryNumber}`)}`
}

/** The file of a batch's output or errors, the same for whoever writes it. */
export function outputFileId(batchId: string, tryNumber: number, kind: 'output' | 'error'): string {
  return `file-${derived(batchId, `${kind} ${tryNumber}`)}`
}

function derived(batchId: string, what: string): string {
  const digest = createHash('sha256').update(`${batchId} ${what}`).digest()
  let text = batchId.slice(6, 16)
  for (let i = 0; i < 16; i++) text += CROCKFORD[digest[i]! & 31]
  return text
}
