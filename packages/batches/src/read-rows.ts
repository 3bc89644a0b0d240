import { segmentBlob } from './batch-blobs.ts'
import type { Batches } from './batches.ts'
import { batchKeys } from './keys.ts'
import { decodeRow, type Row } from './row.ts'
import { splitLines } from './split-lines.ts'

/** Entries read from Redis in one call: at 64 KB each some MB. */
const ROWS_PER_READ = 50

interface Owner {
  id: string
  project: string
}

/**
 * Every row with a number above `after` that there is now, in their order: from segments, then from Redis. What becomes a segment
 * meanwhile is read there. Bounded memory; ends where the rows end.
 */
export async function* readRows(batches: Batches, batch: Owner, after: number): AsyncGenerator<Row, void, undefined> {
  let next = after + 1
  for (;;) {
    const segment = await segmentWith(batches, batch, next)
    if (segment) {
      for await (const row of readSegment(batches, batch, segment)) if (row.n >= next) yield row
      next = segment.to + 1
      continue
    }
    const rows = await readStream(batches, batch, next)
    // Moved into a segment since we looked, or nothing there.
    if (rows === 'moved') continue
    if (rows.length === 0) return
    for (const row of rows) yield row
    next = rows.at(-1)!.n + 1
  }
}

interface Segment {
  from: number
  to: number
}

async function listSegments({ redis }: Batches, batchId: string): Promise<Segment[]> {
  const names = await redis.lrange(batchKeys(batchId).segments, 0, -1)
  return names.map((name) => {
    const [from, to] = name.split('-').map(Number) as [number, number]
    return { from, to }
  })
}

async function segmentWith(batches: Batches, batch: Owner, n: number): Promise<Segment | null> {
  const segments = await listSegments(batches, batch.id)
  return segments.find(({ to }) => to >= n) ?? null
}

async function* readSegment(batches: Batches, batch: Owner, { from, to }: Segment): AsyncGenerator<Row> {
  const blob = await batches.blobs.stream(segmentBlob(batch, from, to))
  if (!blob) throw new Error(`rows ${from} to ${to} of ${batch.id} are gone`)
  let n = from
  try {
    for await (const lines of splitLines(blob.body, Number.POSITIVE_INFINITY)) {
      for (const { bytes } of lines) yield decodeRow(n++, bytes!.toString())
    }
  } finally {
    blob.body.destroy()
  }
}

/** Rows from `from` on, as they stand in Redis; `moved` when they are no longer there. */
export async function readStream(
  { redis, blobs }: Batches,
  batch: Owner,
  from: number,
  to?: number,
): Promise<Row[] | 'moved'> {
  const { rows, record } = batchKeys(batch.id)
  const entries = await redis.xrange(rows, `${from}-0`, to === undefined ? '+' : `${to}-0`, 'COUNT', ROWS_PER_READ)
  if (entries.length === 0) {
    const trimmed = Number(await redis.hget(record, 'trimmed'))
    return trimmed >= from ? 'moved' : []
  }
  const found: Row[] = []
  for (const [id, flat] of entries) {
    const n = Number(id.slice(0, id.indexOf('-')))
    if (n !== from + found.length) return found.length > 0 ? found : 'moved'
    const fields = new Map<string, string>()
    for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!)
    const blob = fields.get('b')
    const text = blob === undefined ? fields.get('d')! : (await blobs.get(blob))?.toString()
    // Its own blob goes once it stands in a segment.
    if (text === undefined) return found.length > 0 ? found : 'moved'
    found.push({
      n,
      line: Number(fields.get('l')),
      try: Number(fields.get('t')),
      outcome: fields.get('o') as Row['outcome'],
      text,
    })
  }
  return found
}
