import { runScript } from '@switchyard/redis/script'
import type { Files } from './files.ts'
import { getFile } from './get-file.ts'
import { fileKey, filesKey } from './keys.ts'
import { FORGET } from './scripts.ts'

/** Deletes record and content, the record first: what stays after a crash is an orphan. False when there is no such file. */
export async function deleteFile(files: Files, project: string, fileId: string): Promise<boolean> {
  const record = await getFile(files, project, fileId)
  if (!record) return false
  await runScript(
    files.redis,
    FORGET,
    [fileKey(project, fileId), filesKey(project), filesKey(project, record.purpose)],
    [fileId],
  )
  await files.blobs.delete(record.blob)
  return true
}
