/** A file's record, a JSON text that expires with the file. */
export function fileKey(project: string, fileId: string): string {
  return `sy:{${project}}:file:${fileId}`
}

/** Sorted set of a project's file ids, all of the same score; with a purpose, those of that purpose alone. */
export function filesKey(project: string, purpose?: string): string {
  return purpose === undefined ? `sy:{${project}}:files` : `sy:{${project}}:files:${purpose}`
}
