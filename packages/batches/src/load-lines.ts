import { inputBlob, linesBlob } from './batch-blobs.ts'
import type { Batches } from './batches.ts'
import { placeOf } from './line-table.ts'
import type { TakenLine } from './take-lines.ts'

/** Lines that stand near each other are read together, up to so many bytes; a longer line is read alone. */
const GROUP_BYTES = 4 * 1024 * 1024
/** Bytes between two lines that are cheaper to read than to ask a second time. */
const GAP_BYTES = 64 * 1024
/** 500 KB each at most. */
const TABLES_KEPT = 32

export interface LoadedLine extends TakenLine {
  bytes: Buffer
}

export interface LineLoader {
  /** The lines' bytes, group by group, in the order of the input. Throws when the blobs are gone. */
  load(batch: { id: string; project: string }, lines: readonly TakenLine[]): AsyncGenerator<LoadedLine[]>
}

/** Reads lines of inputs by their places; the places of the batches used last are remembered. */
export function createLineLoader({ blobs }: Batches): LineLoader {
  const tables = new Map<string, Buffer>()

  async function tableOf(batch: { id: string; project: string }): Promise<Buffer> {
    const known = tables.get(batch.id)
    tables.delete(batch.id)
    const table = known ?? (await blobs.get(linesBlob(batch)))
    if (!table) throw new Error(`the places of the lines of ${batch.id} are gone`)
    tables.set(batch.id, table)
    if (tables.size > TABLES_KEPT) tables.delete(tables.keys().next().value!)
    return table
  }

  return {
    async *load(batch, lines) {
      const table = await tableOf(batch)
      const placed = lines
        .map((taken) => ({ ...taken, ...placeOf(table, taken.line) }))
        .sort((a, b) => a.offset - b.offset)
      for (let at = 0; at < placed.length; ) {
        const from = placed[at]!.offset
        let end = from + placed[at]!.length
        let next = at + 1
        for (; next < placed.length; next++) {
          const { offset, length } = placed[next]!
          if (offset - end > GAP_BYTES || offset + length - from > GROUP_BYTES) break
          end = offset + length
        }
        const bytes = await blobs.getRange(inputBlob(batch), from, end)
        if (bytes?.length !== end - from) throw new Error(`the input of ${batch.id} is gone`)
        yield placed.slice(at, next).map(({ line, try: tryNumber, offset, length }) => ({
          line,
          try: tryNumber,
          bytes: bytes.subarray(offset - from, offset - from + length),
        }))
        at = next
      }
    },
  }
}
