import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Batch } from './batch-object.ts'
import type { LeftOuts, Results } from './results.ts'

/** What a run came to, as `summary.json` beside the results has it. */
export interface Summary {
  batch: string
  status: string
  documents: { total: number; completed: number; failed: number; skipped: number }
  usage: Batch['usage'] | null
  /** null: a line has no price. */
  cost_usd: number | null
  created_at: string
  duration_seconds: number
  errors: { line: number | null; code: string; message: string }[]
  failed: { document: string; code: string; message: string }[]
  skipped: LeftOuts['skipped']
}

export async function writeSummary(
  folder: string,
  batch: Batch,
  { completed, failures }: Awaited<ReturnType<Results['close']>>,
  { skipped }: LeftOuts,
): Promise<Summary> {
  const endedAt = batch.completed_at ?? batch.failed_at ?? batch.cancelled_at ?? batch.expired_at ?? batch.created_at
  const summary: Summary = {
    batch: batch.id,
    status: batch.status,
    documents: {
      total: completed + failures.length + skipped.length,
      completed,
      failed: failures.length,
      skipped: skipped.length,
    },
    usage: batch.usage ?? null,
    cost_usd: batch.switchyard?.cost_usd ?? null,
    created_at: new Date(batch.created_at * 1000).toISOString(),
    duration_seconds: endedAt - batch.created_at,
    errors: (batch.errors?.data ?? []).map(({ line = null, code = 'unknown', message = '' }) => ({
      line,
      code,
      message,
    })),
    failed: failures,
    skipped,
  }
  await writeFile(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  return summary
}
