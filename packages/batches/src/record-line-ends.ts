import type { Usage } from '@switchyard/contract/usage'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { rowBlob } from './batch-blobs.ts'
import type { Batches } from './batches.ts'
import { batchKeys, NEWS_CHANNEL } from './keys.ts'
import { INLINE_ROW_BYTES } from './row.ts'
import { scripts } from './scripts.ts'

/** A script call takes so many lines: some ms of Redis at most. */
const LINES_PER_CALL = 100

/** How a line ended. */
export interface LineEnd {
  batch: { id: string; project: string }
  line: number
  try: number
  /**
   * unfinished: its job was cancelled or ran out of time before it had an answer. While the batch itself is being cancelled or its window is
   * over, such a line stays without a row; else it is an error like others.
   */
  outcome: 'ok' | 'error' | 'unfinished'
  /** The row as it will stand in the output or error file (row-text.ts). */
  text: string
  usage: Usage
  /** null: its model has no price. */
  costNanoUsd: number | null
  /** What the providers' prompt caches saved, less what writing them cost. Absent: nothing. */
  cacheSavedNanoUsd?: number
}

/**
 * Writes the rows of lines that have ended, once for each line and try, whoever says it and how often. Each batch's lines go in
 * scripts of its own slot, all in one pipeline; whoever feeds or reads the batches is told in one message.
 * @returns for each end whether it is done with (recorded now or before, or its batch does not listen any more); false: say it again.
 */
export async function recordLineEnds({ redis, blobs }: Batches, ends: readonly LineEnd[]): Promise<boolean[]> {
  const settled = new Array<boolean>(ends.length).fill(false)
  const calls: { indexes: number[]; args: (string | number)[]; batchId: string }[] = []
  for (const [batchId, indexes] of Map.groupBy(ends.keys(), (index) => ends[index]!.batch.id)) {
    for (let at = 0; at < indexes.length; at += LINES_PER_CALL) {
      const some = indexes.slice(at, at + LINES_PER_CALL)
      const written = await Promise.allSettled(some.map((index) => argsOf(blobs, ends[index]!)))
      const call = { batchId, indexes: [] as number[], args: [] as (string | number)[] }
      written.forEach((outcome, i) => {
        if (outcome.status === 'rejected') return
        call.indexes.push(some[i]!)
        call.args.push(...outcome.value)
      })
      if (call.indexes.length > 0) calls.push(call)
    }
  }
  if (calls.length === 0) return settled
  const replies = await pipelineBySlot(redis, [
    ...calls.map(({ batchId, args }) => {
      const { record, done, failed, window, rows } = batchKeys(batchId)
      return scriptCommand(scripts.record, [record, done, failed, window, rows], args)
    }),
    publishCommand(NEWS_CHANNEL, [...new Set(calls.map(({ batchId }) => batchId))].join(',')),
  ])
  calls.forEach(({ indexes }, i) => {
    if (replies[i]!.error === null) for (const index of indexes) settled[index] = true
  })
  return settled
}

async function argsOf(blobs: Batches['blobs'], end: LineEnd): Promise<(string | number)[]> {
  const { batch, line, usage, text } = end
  const bytes = Buffer.byteLength(text)
  let blob = ''
  if (bytes > INLINE_ROW_BYTES) {
    // The same line and try has the same row, whoever writes it.
    blob = rowBlob(batch, line, end.try)
    await blobs.put(blob, text)
  }
  return [
    line,
    end.try,
    end.outcome[0]!,
    blob === '' ? text : '',
    blob,
    bytes,
    usage.inputTokens,
    usage.cachedInputTokens,
    usage.cacheWriteTokens,
    usage.outputTokens,
    usage.reasoningTokens,
    end.cacheSavedNanoUsd ?? 0,
    end.costNanoUsd ?? '',
  ]
}
