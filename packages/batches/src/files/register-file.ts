import { BrokerError } from '@switchyard/contract/broker-error'
import { runScript } from '@switchyard/redis/script'
import { newFileId } from './file-id.ts'
import { type FilePurpose, type FileRecord, parseFileRecord } from './file-record.ts'
import type { Files } from './files.ts'
import { fileKey, filesKey } from './keys.ts'
import { REGISTER } from './scripts.ts'

export interface NewFile {
  project: string
  /** Made before, for what must be safe to repeat; a new one otherwise. */
  id?: string
  /** Where the content is. The file owns this blob from now on: it goes with the file. Best is `fileBlob(project, id)`. */
  blob: string
  bytes: number
  filename: string
  purpose: FilePurpose
  /** null: kept until it is deleted. */
  expiresAtMs: number | null
  /** Of content and form, to tell a repeat from another file. */
  digest?: string
  /** How many files the project may have; what the broker itself writes is not bounded. */
  mostFiles?: number
}

/** Makes a file of an existing blob. With the same id safe to repeat: the first record stays. Throws `storage_quota`. */
export async function registerFile(
  files: Pick<Files, 'redis'>,
  file: NewFile,
  nowMs: number = Date.now(),
): Promise<FileRecord> {
  const { project, purpose, mostFiles, id = newFileId(nowMs), ...rest } = file
  const record: FileRecord = { v: 1, ...rest, id, project, purpose, createdAtMs: nowMs }
  const livesMs = record.expiresAtMs === null ? '' : Math.max(1, record.expiresAtMs - nowMs)
  const standing = (await runScript(
    files.redis,
    REGISTER,
    [fileKey(project, id), filesKey(project), filesKey(project, purpose)],
    [id, JSON.stringify(record), livesMs, mostFiles ?? ''],
  )) as string
  if (standing !== '') return parseFileRecord(standing)
  throw new BrokerError('storage_quota', `A project can have ${mostFiles} files. Delete some.`)
}
