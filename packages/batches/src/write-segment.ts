import { runScript } from '@switchyard/redis/script'
import { rowBlob, segmentBlob } from './batch-blobs.ts'
import type { BatchRecord } from './batch-record.ts'
import type { Batches } from './batches.ts'
import { batchKeys } from './keys.ts'
import { readStream } from './read-rows.ts'
import { encodeRow, INLINE_ROW_BYTES } from './row.ts'
import { scripts } from './scripts.ts'

/** What a batch keeps of rows in Redis before they become a segment. */
const SEGMENT_ROWS = 1_000
const SEGMENT_BYTES = 4 * 1024 * 1024

/** Whether a batch has enough rows in Redis for a segment. */
export function isSegmentDue({ rows, trimmed, pendingBytes }: BatchRecord): boolean {
  return rows - trimmed >= SEGMENT_ROWS || pendingBytes >= SEGMENT_BYTES
}

/**
 * Moves rows out of Redis into one blob: up to a thousand, or as many as make 4 MB. Rows never change, so whoever does it a second
 * time writes the same blob; one of other bounds that came later is deleted again. Nothing leaves Redis before the blob is written.
 */
export async function writeSegment(batches: Batches, { spec, rows, trimmed }: BatchRecord): Promise<void> {
  const { redis, blobs } = batches
  const from = trimmed + 1
  const last = Math.min(rows, trimmed + SEGMENT_ROWS)
  if (last < from) return
  const large: string[] = []
  let to = trimmed
  let inRedisBytes = 0
  async function* encoded(): AsyncGenerator<Buffer> {
    while (to < last) {
      const found = await readStream(batches, spec, to + 1, last)
      if (found === 'moved' || found.length === 0) return
      for (const row of found) {
        if (inRedisBytes >= SEGMENT_BYTES) return
        yield Buffer.from(encodeRow(row))
        to = row.n
        const bytes = Buffer.byteLength(row.text)
        inRedisBytes += bytes
        if (bytes > INLINE_ROW_BYTES) large.push(rowBlob(spec, row.line, row.try))
      }
    }
  }
  // The bounds are part of the name, so they must be known before: the text is collected, a segment's worth of it.
  const chunks: Buffer[] = []
  for await (const chunk of encoded()) chunks.push(chunk)
  // Somebody else was faster.
  if (to === trimmed) return
  const blob = segmentBlob(spec, from, to)
  await blobs.put(blob, Buffer.concat(chunks))
  const keys = batchKeys(spec.id)
  const stays = await runScript(
    redis,
    scripts.segment,
    [keys.record, keys.rows, keys.segments],
    [from, to, inRedisBytes],
  )
  if (stays !== 1) await blobs.delete(blob)
  else await Promise.all(large.map((name) => blobs.delete(name)))
}
