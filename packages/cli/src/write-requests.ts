import { open } from 'node:fs/promises'
import type { Input } from './inputs/find-inputs.ts'
import { readInput } from './inputs/read-input.ts'
import { type Question, requestLine } from './request-line.ts'
import { UsageError } from './usage-error.ts'

export interface LeftOut {
  document: string
  why: string
}

export interface Requests {
  lines: number
  bytes: number
  rejected: LeftOut[]
  skipped: LeftOut[]
}

/** The bounds of one batch. */
const MOST_LINES = 50_000
const MOST_BYTES = 200 * 1024 * 1024

/** Writes a request for each document to `path`, one document in memory at a time; says which inputs gave none, and why. */
export async function writeRequests(
  inputs: Input[],
  question: Question,
  { path, mostBytes, signal }: { path: string; mostBytes: number; signal: AbortSignal },
): Promise<Requests> {
  const requests: Requests = { lines: 0, bytes: 0, rejected: [], skipped: [] }
  const file = await open(path, 'wx', 0o600)
  try {
    for (const input of inputs) {
      for await (const reading of readInput(input, mostBytes)) {
        signal.throwIfAborted()
        const { kind, name } = reading
        if (kind === 'skipped' || kind === 'rejected') {
          requests[kind].push({ document: name, why: reading.why })
          continue
        }
        const made = requestLine(reading, question)
        if ('why' in made) {
          requests.rejected.push({ document: name, why: made.why })
          continue
        }
        requests.lines++
        requests.bytes += Buffer.byteLength(made.line) + 1
        if (requests.lines > MOST_LINES || requests.bytes > MOST_BYTES) {
          throw new UsageError(
            `one batch takes ${MOST_LINES} documents and ${MOST_BYTES} bytes of requests: give fewer documents at a time`,
          )
        }
        await file.write(`${made.line}\n`)
      }
    }
  } finally {
    await file.close()
  }
  return requests
}
