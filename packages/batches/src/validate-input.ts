import type { InputProblem } from './batch-record.ts'
import { createLineTable } from './line-table.ts'
import { readLine } from './read-line.ts'
import { splitLines } from './split-lines.ts'

/** OpenAI's bounds for one batch; a line may be as long as a request's body. */
export const MOST_LINES = 50_000
export const MOST_BYTES = 200 * 1024 * 1024
export const LONGEST_LINE_BYTES = 32 * 1024 * 1024
/** Whoever has that many mistakes has one mistake, many times. */
const MOST_PROBLEMS = 100

export interface ValidInput {
  total: number
  /** Of the first line. */
  model: string
  /** Where the lines stand (line-table.ts). */
  table: Buffer
}

/**
 * Reads an input once, as it streams: memory holds a chunk, one line, the custom ids and the table of places. Gives every problem up
 * to a hundred, with its line; blank lines are no requests.
 */
export async function validateInput(
  source: AsyncIterable<Uint8Array>,
  endpoint: string,
  signal?: AbortSignal,
): Promise<ValidInput | { problems: InputProblem[] }> {
  const problems: InputProblem[] = []
  const table = createLineTable()
  const seen = new Map<string, number>()
  let model: string | null = null
  let number = 0

  function complain(line: number | null, code: string, message: string, param: string | null = null): void {
    problems.push({ code, message, param, line })
  }

  function check(bytes: Buffer | null, offset: number): void {
    number++
    if (bytes === null) {
      complain(number, 'line_too_long', `This line is longer than ${LONGEST_LINE_BYTES} bytes.`)
      return
    }
    if (isBlank(bytes)) return
    const reading = readLine(bytes, endpoint)
    if ('problem' in reading) {
      problems.push({ ...reading.problem, line: number })
      return
    }
    const { customId } = reading
    const before = seen.get(customId)
    if (before !== undefined) {
      complain(number, 'duplicate_custom_id', `'custom_id' is the same as that of line ${before}.`, 'custom_id')
      return
    }
    seen.set(customId, number)
    model ??= reading.model
    table.add({ offset, length: bytes.length })
  }

  for await (const lines of splitLines(source, LONGEST_LINE_BYTES)) {
    signal?.throwIfAborted()
    for (const { offset, bytes } of lines) {
      if (offset + (bytes?.length ?? 0) > MOST_BYTES) {
        complain(null, 'file_too_large', `The input is larger than ${MOST_BYTES} bytes.`)
        return { problems }
      }
      check(bytes, offset)
      if (seen.size > MOST_LINES) {
        complain(null, 'too_many_requests', `The input has more than ${MOST_LINES} requests.`)
        return { problems }
      }
      if (problems.length >= MOST_PROBLEMS) return { problems }
    }
  }
  if (model === null && problems.length === 0) complain(null, 'empty_file', 'The input has no request.')
  return problems.length > 0 || model === null ? { problems } : { total: seen.size, model, table: table.bytes() }
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 32 && byte !== 9 && byte !== 13) return false
  return true
}
