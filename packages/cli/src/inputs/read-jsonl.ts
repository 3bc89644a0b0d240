import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Reading, text } from './reading.ts'

/**
 * A document, or a request that is ready, of each line. A document is named by file and line (`rows.jsonl#3`), a request by its own
 * `custom_id`. Blank lines are nothing.
 */
export async function* readJsonl(path: string, name: string, mostBytes: number): AsyncGenerator<Reading> {
  let number = 0
  let seen = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() === '') continue
    seen++
    yield readLine(line, `${name}#${number}`, mostBytes)
  }
  if (seen === 0) yield { kind: 'skipped', name, why: 'is empty' }
}

function readLine(line: string, name: string, mostBytes: number): Reading {
  const size = Buffer.byteLength(line)
  if (size > mostBytes) {
    return {
      kind: 'rejected',
      name,
      why: `has ${size} bytes, more than the ${mostBytes} that a document may have (--max-bytes)`,
    }
  }
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    // The parser's message quotes the line.
    return { kind: 'rejected', name, why: 'is not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'rejected', name, why: 'is not a JSON object' }
  }
  const object = value as Record<string, unknown>
  const { custom_id: customId, url, body } = object
  if (typeof customId === 'string' && typeof url === 'string' && typeof body === 'object' && body !== null) {
    return { kind: 'request', name: customId, request: object }
  }
  return { kind: 'document', name, parts: [text(line)] }
}
