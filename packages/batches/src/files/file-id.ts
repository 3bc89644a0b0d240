import { newUlid } from '@switchyard/contract/ids'

/** `file-` and a ULID: ids sort by the time of their making. */
export function newFileId(nowMs?: number): string {
  return `file-${newUlid(nowMs)}`
}

const FILE_ID = /^file-[0-9A-HJKMNP-TV-Z]{26}$/

/** Malformed ids are treated as unknown ones before any key is built from them. */
export function isFileId(text: string): boolean {
  return FILE_ID.test(text)
}

/** Where the content of a file belongs: below its own id, so that the collector of orphans knows whose it is. */
export function fileBlob(project: string, fileId: string): string {
  return `${project}/${fileId}/content`
}
