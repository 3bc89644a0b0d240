import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { Document } from './read-documents.ts'
import type { ResultRow } from './result-row.ts'

export interface ResultsFile {
  /** One row more; what an interrupted run has seen is in the file. */
  add(row: ResultRow): void
  close(): Promise<void>
}

/** Replaces the file of an earlier run. */
export function openResults(path: string): ResultsFile {
  const file = createWriteStream(path)
  const done = finished(file)
  done.catch(() => {})
  return {
    add: (row) => void file.write(`${JSON.stringify(row)}\n`),
    close() {
      file.end()
      return done
    },
  }
}

export async function readResults(path: string): Promise<ResultRow[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as ResultRow)
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'expired'])

/** What is wrong with the rows, in words: every document must have exactly one, of a job that ended and is nobody else's. */
export function missingResults(documents: Document[], rows: ResultRow[]): string[] {
  const problems: string[] = []
  const rowsOf = Map.groupBy(rows, ({ document }) => document)
  for (const { name } of documents) {
    const own = rowsOf.get(name) ?? []
    if (own.length !== 1) problems.push(`${name} has ${own.length} rows`)
    else if (!ENDED.has(own[0]!.status)) problems.push(`${name} has no end: ${own[0]!.error?.message}`)
    rowsOf.delete(name)
  }
  for (const name of rowsOf.keys()) problems.push(`${name} has a row and is no document of this run`)
  for (const [job, shared] of Map.groupBy(rows, (row) => row.job)) {
    if (job !== null && shared.length > 1) problems.push(`${job} stands in ${shared.length} rows`)
  }
  return problems
}
