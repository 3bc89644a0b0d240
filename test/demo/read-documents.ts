import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { relative } from 'node:path'

export interface Document {
  /** Path as shown, and as it stands in the results. */
  name: string
  text: string
}

export interface ReadDocuments {
  documents: Document[]
  /** Files left out: the same content as another, nothing in them, or no text. */
  duplicates: number
  empty: number
  notText: number
}

/** A model needs no more of a README than this to say what it is. */
const MOST_BYTES = 24 * 1024

/** Reads the beginning of each file. Of the distinct texts, at most `limit`, evenly spread over the paths. */
export async function readDocuments(paths: string[], root: string, limit: number): Promise<ReadDocuments> {
  const left = { duplicates: 0, empty: 0, notText: 0 }
  const distinct = new Map<string, Document>()
  for (const path of paths) {
    const text = decodeBeginning(await readBeginning(path))
    const digest = createHash('sha256')
      .update(text ?? '')
      .digest('base64')
    if (text === null) left.notText++
    else if (text.trim() === '') left.empty++
    else if (distinct.has(digest)) left.duplicates++
    else distinct.set(digest, { name: relative(root, path), text })
  }
  return { documents: spread([...distinct.values()], limit), ...left }
}

async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MOST_BYTES) })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Null where the bytes are no UTF-8 text. A character that is cut at the end is left out. */
export function decodeBeginning(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: bytes.length === MOST_BYTES })
  } catch {
    return null
  }
}

/** At most `limit` of a list, evenly spread and in order. */
export function spread<T>(all: T[], limit: number): T[] {
  if (all.length <= limit) return all
  return Array.from({ length: limit }, (_, i) => all[Math.floor((i * all.length) / limit)]!)
}
