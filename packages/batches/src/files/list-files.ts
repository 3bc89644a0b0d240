import { BrokerError } from '@switchyard/contract/broker-error'
import { runScript } from '@switchyard/redis/script'
import { isFileId } from './file-id.ts'
import { type FilePurpose, type FileRecord, parseFileRecord } from './file-record.ts'
import type { Files } from './files.ts'
import { fileKey, filesKey } from './keys.ts'
import { LIST } from './scripts.ts'

/** Records that one script reads: a long list must not hold up everybody else on that server. */
const AT_ONCE = 500

/**
 * A page of a project's files by time of creation. `after` is the last id of the page before; pages neither skip nor repeat a file when
 * others come or go in between. Throws `invalid_cursor` for an `after` that is no file id.
 */
export async function listFiles(
  files: Pick<Files, 'redis'>,
  project: string,
  page: { purpose?: FilePurpose | undefined; after?: string | undefined; limit: number; order: 'asc' | 'desc' },
): Promise<{ records: FileRecord[]; hasMore: boolean }> {
  const { purpose, after, limit, order } = page
  if (after !== undefined && !isFileId(after)) {
    throw new BrokerError('invalid_cursor', "Invalid value for 'after': expected the id of a file.", { param: 'after' })
  }
  const index = filesKey(project, purpose)
  const found: string[] = []
  for (let last = after; found.length <= limit; ) {
    const bounds = last === undefined ? ['-', '+'] : order === 'asc' ? [`(${last}`, '+'] : ['-', `(${last}`]
    const count = Math.min(AT_ONCE, limit + 1 - found.length)
    const [next, texts] = (await runScript(
      files.redis,
      LIST,
      [index],
      [fileKey(project, ''), ...bounds, order, count],
    )) as [string, string[]]
    found.push(...texts)
    if (next === '') break
    last = next
  }
  return { records: found.slice(0, limit).map(parseFileRecord), hasMore: found.length > limit }
}
