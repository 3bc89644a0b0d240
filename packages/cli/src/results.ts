import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ResultRow, rejectedRow } from './result-row.ts'
import type { LeftOut } from './write-requests.ts'

/** What was left out when the batch was made: kept, so that whoever resumes can tell it too. */
export interface LeftOuts {
  batch: string
  rejected: LeftOut[]
  skipped: LeftOut[]
}

export interface Results {
  /** Resolves when the row is with the system: what an interrupted run has seen is in the file. */
  add(row: ResultRow): Promise<void>
  has(document: string): boolean
  /** Counts, and the failures. Leaves one row for each document, the last one. */
  close(): Promise<{ completed: number; failures: { document: string; code: string; message: string }[] }>
}

const RESULTS = 'results.jsonl'
const LEFT_OUT = 'left-out.json'

export async function keepLeftOuts(folder: string, leftOuts: LeftOuts): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, LEFT_OUT), `${JSON.stringify(leftOuts, null, 2)}\n`)
}

/** Nothing where the batch was made elsewhere. */
export async function readLeftOuts(folder: string, batch: string): Promise<LeftOuts> {
  const nothing = { batch, rejected: [], skipped: [] }
  const text = await readFile(join(folder, LEFT_OUT), 'utf8').catch(() => '')
  if (text === '') return nothing
  const kept = JSON.parse(text) as LeftOuts
  return kept.batch === batch ? kept : nothing
}

/** Begins `results.jsonl` in a folder anew: the server keeps every row and gives them all again. */
export async function openResults(folder: string, rejected: LeftOut[]): Promise<Results> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, RESULTS)
  const file = await open(path, 'w')
  const ends = new Map<string, ResultRow['error']>()
  let repeated = false
  async function add(row: ResultRow): Promise<void> {
    if (ends.has(row.document)) repeated = true
    ends.set(row.document, row.error)
    await file.appendFile(`${JSON.stringify(row)}\n`)
  }
  for (const one of rejected) await add(rejectedRow(one))
  return {
    add,
    has: (document) => ends.has(document),
    async close() {
      await file.close()
      if (repeated) await keepLast(path)
      const failures = [...ends].flatMap(([document, error]) => (error === null ? [] : [{ document, ...error }]))
      return { completed: ends.size - failures.length, failures }
    },
  }
}

/** A line that was run again has a row for each time. */
async function keepLast(path: string): Promise<void> {
  const last = new Map<string, number>()
  let number = 0
  for await (const row of rows(path)) last.set((JSON.parse(row) as ResultRow).document, number++)
  const file = await open(`${path}.new`, 'w')
  number = 0
  for await (const row of rows(path)) {
    if (last.get((JSON.parse(row) as ResultRow).document) === number++) await file.appendFile(`${row}\n`)
  }
  await file.close()
  await rename(`${path}.new`, path)
}

function rows(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
}
