import { pipelineBySlot } from '@switchyard/redis/pipeline'
import { isFileId } from './file-id.ts'
import { type FileRecord, parseFileRecord } from './file-record.ts'
import type { Files } from './files.ts'
import { fileKey } from './keys.ts'

/** null for malformed, unknown, foreign, deleted and expired ids alike. */
export async function getFile(
  files: Pick<Files, 'redis'>,
  project: string,
  fileId: string,
): Promise<FileRecord | null> {
  if (!isFileId(fileId)) return null
  const text = await files.redis.get(fileKey(project, fileId))
  return text === null ? null : parseFileRecord(text)
}

/** Which of these files there are, in their order. Throws when Redis does not say it of all. */
export async function filesExist(
  files: Pick<Files, 'redis'>,
  asked: readonly { project: string; id: string }[],
): Promise<boolean[]> {
  const replies = await pipelineBySlot(
    files.redis,
    asked.map(({ project, id }) => {
      const key = fileKey(project, id)
      return { key, command: 'exists', args: [key] }
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    return value === 1
  })
}
