import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Input } from './find-inputs.ts'
import { imageType } from './image-type.ts'
import { readJsonl } from './read-jsonl.ts'
import { readPdf } from './read-pdf.ts'
import { image, type Reading, text } from './reading.ts'

const JSONL = new Set(['.jsonl', '.ndjson'])
const PDF_BEGIN = '%PDF-'
/** The input of a batch may have no more (packages/batches), so no file of lines can. */
const MOST_JSONL_BYTES = 200 * 1024 * 1024

/** What a file holds, by its content rather than its name. Files of more than `mostBytes` are rejected unread. */
export async function* readInput(input: Input, mostBytes: number): AsyncGenerator<Reading> {
  const { path, name } = input
  try {
    if (input.special) yield { kind: 'skipped', name, why: 'is a link or no regular file' }
    else if (JSONL.has(extname(path).toLowerCase())) yield* lines(input, mostBytes)
    else yield await whole(input, mostBytes)
  } catch (error) {
    yield { kind: 'rejected', name, why: `can't be read: ${(error as Error).message}` }
  }
}

async function* lines({ path, name }: Input, mostBytes: number): AsyncGenerator<Reading> {
  const { size } = await stat(path)
  if (size > MOST_JSONL_BYTES) yield tooLarge(name, size, MOST_JSONL_BYTES)
  else yield* readJsonl(path, name, mostBytes)
}

async function whole({ path, name }: Input, mostBytes: number): Promise<Reading> {
  const { size } = await stat(path)
  if (size > mostBytes) return tooLarge(name, size, mostBytes)
  const bytes = await readFile(path)
  const mediaType = imageType(bytes)
  if (mediaType !== null) return { kind: 'document', name, parts: [image(bytes, mediaType)] }
  if (bytes.subarray(0, PDF_BEGIN.length).toString('latin1') === PDF_BEGIN) return readPdf(bytes, name)
  const content = decode(bytes)
  if (content === null) return { kind: 'skipped', name, why: 'is binary' }
  if (content.trim() === '') return { kind: 'skipped', name, why: 'is empty' }
  return { kind: 'document', name, parts: [text(content)] }
}

function decode(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function tooLarge(name: string, size: number, most: number): Reading {
  return {
    kind: 'rejected',
    name,
    why: `has ${size} bytes, more than the ${most} that a document may have (--max-bytes)`,
  }
}
