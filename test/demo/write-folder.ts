import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Document } from './read-documents.ts'

/** Writes the documents as a folder for the command; gives them with the names that they have there. */
export async function writeFolder(folder: string, documents: Document[]): Promise<Document[]> {
  const named = documents.map(({ name, text }) => ({ name: plainName(name), text }))
  for (const { name, text } of named) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return named
}

/** What the command passes over on purpose, or would read line by line, is a document here. */
function plainName(name: string): string {
  const visible = name
    .split('/')
    .filter((part) => part !== 'node_modules')
    .map((part) => part.replace(/^\.+/, ''))
    .join('/')
  return /[.](jsonl|ndjson)$/i.test(visible) ? `${visible}.txt` : visible
}
