import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from './read-documents.ts'
import type { ResultRow } from './result-row.ts'

/** The rows that the command has written so far; a line that is being written isn't one yet. */
export async function readResults(folder: string): Promise<ResultRow[]> {
  const text = await readFile(join(folder, 'results.jsonl'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ResultRow)
}

/** What is wrong with the rows, in words: every document must have exactly one, of a job that is nobody else's. */
export function missingResults(documents: Document[], rows: ResultRow[]): string[] {
  const problems: string[] = []
  const rowsOf = Map.groupBy(rows, ({ document }) => document)
  for (const { name } of documents) {
    const own = rowsOf.get(name) ?? []
    if (own.length !== 1) problems.push(`${name} has ${own.length} rows`)
    rowsOf.delete(name)
  }
  for (const name of rowsOf.keys()) problems.push(`${name} has a row and is no document of this run`)
  for (const [job, shared] of Map.groupBy(rows, (row) => row.job)) {
    if (job !== null && shared.length > 1) problems.push(`${job} stands in ${shared.length} rows`)
  }
  return problems
}
