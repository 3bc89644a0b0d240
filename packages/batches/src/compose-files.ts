import { jobIdOfLine, outputFileId } from './batch-id.ts'
import type { BatchRecord } from './batch-record.ts'
import type { Batches } from './batches.ts'
import { fileBlob } from './files/file-id.ts'
import { batchKeys } from './keys.ts'
import type { LineLoader } from './load-lines.ts'
import { readRows } from './read-rows.ts'
import type { Row } from './row.ts'
import { unfinishedRow } from './row-text.ts'
import type { TakenLine } from './take-lines.ts'

export interface ComposedFile {
  kind: 'output' | 'error'
  /** Of the file to be made of it; with the same batch, try and kind the same. */
  id: string
  blob: string
  bytes: number
}

const UNFINISHED = {
  cancelled: { code: 'batch_cancelled', message: 'This request was not finished before the batch was cancelled.' },
  expired: {
    code: 'batch_expired',
    message: 'This request could not be executed before the completion window expired.',
  },
}

/** Lines written between two chunks of a file. */
const CHUNK_CHARS = 256 * 1024

/**
 * Makes the output file and the error file of a batch that is `finalizing`, out of its rows and, for lines without one, its input. A file
 * without lines is not made. Each line of the input stands in exactly one of them: an error that a later try made good, or
 * replaced, is left out. Streams; a second time gives the same files.
 */
export async function composeFiles(
  batches: Batches,
  loader: LineLoader,
  batch: BatchRecord,
): Promise<Record<'output' | 'error', ComposedFile | null>> {
  const { total, done, failed } = batch
  const output = done > failed ? compose(batches, batch, 'output', outputLines(batches, batch)) : null
  const error = failed > 0 || done < total ? compose(batches, batch, 'error', errorLines(batches, loader, batch)) : null
  const [first, second] = await Promise.all([output, error])
  return { output: first, error: second }
}

async function compose(
  { blobs }: Batches,
  { spec, try: tryNumber }: BatchRecord,
  kind: ComposedFile['kind'],
  lines: AsyncIterable<string>,
): Promise<ComposedFile> {
  const id = outputFileId(spec.id, tryNumber, kind)
  const blob = fileBlob(spec.project, id)
  const { bytes } = await blobs.putStream(blob, inChunks(lines))
  return { kind, id, blob, bytes }
}

async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = ''
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length < CHUNK_CHARS) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}

async function* outputLines(batches: Batches, { spec }: BatchRecord): AsyncGenerator<string> {
  for await (const row of readRows(batches, spec, 0)) if (row.outcome === 'o') yield row.text
}

async function* errorLines(batches: Batches, loader: LineLoader, batch: BatchRecord): AsyncGenerator<string> {
  const { spec, total, final } = batch
  const { done, failed } = batchKeys(spec.id)
  const [isDone, hasFailed] = await Promise.all(
    [done, failed].map(async (key) => bitsOf(await batches.redis.getBuffer(key))),
  )
  const lastTry = batch.try > 1 ? await lastErrors(batches, batch) : null
  const counts = (row: Row) =>
    row.outcome !== 'o' && hasFailed!(row.line) && (lastTry === null || lastTry.get(row.line) === row.try)
  for await (const row of readRows(batches, spec, 0)) if (counts(row)) yield row.text
  const left: TakenLine[] = []
  for (let line = 0; line < total; line++) if (!isDone!(line)) left.push({ line, try: batch.try })
  if (left.length === 0) return
  if (final !== 'cancelled' && final !== 'expired') throw new Error(`${spec.id} has lines without a row`)
  for await (const group of loader.load(spec, left)) {
    for (const { line, try: tryNumber, bytes } of group) {
      const { custom_id: customId } = JSON.parse(bytes.toString()) as { custom_id: string }
      yield unfinishedRow({ customId, jobId: jobIdOfLine(spec.id, line, tryNumber), ...UNFINISHED[final] })
    }
  }
}

/** The newest error of each line, where lines ran more than once. */
async function lastErrors(batches: Batches, { spec }: BatchRecord): Promise<Map<number, number>> {
  const last = new Map<number, number>()
  for await (const row of readRows(batches, spec, 0)) if (row.outcome !== 'o') last.set(row.line, row.try)
  return last
}

/** Redis counts bits from the most significant one of each byte. */
function bitsOf(bitmap: Buffer | null): (line: number) => boolean {
  return (line) => (((bitmap?.[line >> 3] ?? 0) >> (7 - (line & 7))) & 1) === 1
}
