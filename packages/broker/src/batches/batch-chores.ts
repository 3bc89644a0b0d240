import { retireBatch } from '@switchyard/batches/active-batches'
import { inputBlob, linesBlob } from '@switchyard/batches/batch-blobs'
import type { BatchRecord, BatchSpec, InputProblem } from '@switchyard/batches/batch-record'
import type { Batches } from '@switchyard/batches/batches'
import { closeBatch, finishBatch } from '@switchyard/batches/close-batch'
import { type ComposedFile, composeFiles } from '@switchyard/batches/compose-files'
import { listInProject } from '@switchyard/batches/create-batch'
import type { LineLoader } from '@switchyard/batches/load-lines'
import { publishNews } from '@switchyard/batches/news'
import { readBatch } from '@switchyard/batches/read-batch'
import { tellValidated } from '@switchyard/batches/tell-validated'
import { validateInput } from '@switchyard/batches/validate-input'
import { writeSegment } from '@switchyard/batches/write-segment'
import type { Broker } from '../broker.ts'
import { cancel } from '../cancel.ts'
import { reconcileWindow } from './reconcile-window.ts'

/** Where output files go. */
export interface OutputFiles {
  /** Makes a file of what was composed, under the id that it was given; safe to repeat. */
  register(batch: BatchSpec, file: ComposedFile): Promise<void>
}

/** Reads the input once: its lines can run then, or the batch has failed. */
export async function validate(batches: Batches, { spec }: BatchRecord, signal: AbortSignal): Promise<void> {
  await listInProject(batches.redis, spec)
  const found = await readInput(batches, spec, signal)
  if ('table' in found) await batches.blobs.put(linesBlob(spec), found.table)
  await tellValidated(batches.redis, spec.id, found)
}

async function readInput({ blobs }: Batches, spec: BatchSpec, signal: AbortSignal): ReturnType<typeof validateInput> {
  // A copy: the file may be deleted while the batch runs.
  const copied = await blobs.compose(inputBlob(spec), [spec.inputBlob]).catch(() => null)
  const input = copied && (await blobs.stream(inputBlob(spec)))
  if (!input) {
    const gone: InputProblem = { code: 'file_not_found', message: 'The input file is gone.', param: null, line: null }
    return { problems: [gone] }
  }
  try {
    return await validateInput(input.body, spec.endpoint, signal)
  } finally {
    input.body.destroy()
  }
}

/**
 * Brings a batch that is over to its end: lines that run are cancelled where it was cancelled or is out of time, what has finished is written to
 * files. Each step is safe to repeat.
 */
export async function closeAndCompose(
  broker: Broker,
  loader: LineLoader,
  batch: BatchRecord,
  files: OutputFiles,
): Promise<void> {
  const batches = broker.jobs
  const { redis, blobs } = batches
  const { spec } = batch
  if (batch.status !== 'finalizing' && !(await close(broker, batch))) return
  let closed = await readBatch(redis, spec.id)
  while (closed?.status === 'finalizing' && closed.trimmed < closed.rows) {
    await writeSegment(batches, closed)
    closed = await readBatch(redis, spec.id)
  }
  if (closed?.status !== 'finalizing') return
  const { output, error } = await composeFiles(batches, loader, closed)
  await Promise.all([output, error].map((file) => file && files.register(spec, file)))
  await finishBatch(redis, spec.id, { output: output?.id ?? null, errors: error?.id ?? null })
  await publishNews(redis, [spec.id])
  // Nothing of it can be run again.
  if (closed.final !== 'completed' || closed.failed === 0) {
    await Promise.all([blobs.delete(inputBlob(spec)), blobs.delete(linesBlob(spec))])
  }
}

async function close(broker: Broker, batch: BatchRecord): Promise<boolean> {
  const { redis } = broker.jobs
  const { spec, status, total, done, nowMs, expiresAtMs } = batch
  if (status === 'in_progress' && done === total && (await closeBatch(redis, spec.id, 'completed'))) return true
  const final = status === 'cancelling' ? 'cancelled' : 'expired'
  if (final === 'expired' && nowMs < expiresAtMs) return false
  const { running } = await reconcileWindow(broker, spec)
  const cancelled = await Promise.allSettled(running.map((record) => cancel(broker, record.spec.id)))
  for (const outcome of cancelled) {
    if (outcome.status === 'rejected') broker.onError(outcome.reason, 'cancel a line')
  }
  // Some may have finished just before they could be cancelled.
  if (running.length > 0) await reconcileWindow(broker, spec)
  return closeBatch(redis, spec.id, final)
}

/** An ended batch is told of and let go. */
export async function retire(
  { redis }: Batches,
  batch: BatchRecord,
  onEnded: ((batch: BatchRecord) => Promise<void>) | undefined,
): Promise<void> {
  await listInProject(redis, batch.spec)
  await onEnded?.(batch)
  await retireBatch(redis, batch)
}
