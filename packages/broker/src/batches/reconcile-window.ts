import { jobIdOfLine } from '@switchyard/batches/batch-id'
import type { BatchSpec } from '@switchyard/batches/batch-record'
import { readWindow, type TakenLine } from '@switchyard/batches/take-lines'
import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import { readJobs } from '@switchyard/jobs/read-job'
import type { Broker } from '../broker.ts'
import { endedJob } from '../ended-job.ts'
import { recordEndedLines } from './record-ended-lines.ts'

/** What stands in a batch's window: the jobs that run, and the lines that no job was made of. */
export interface WindowState {
  running: JobRecord[]
  missing: TakenLine[]
}

/**
 * Looks at the lines in a batch's window that were taken before `takenBeforeMs`: those whose jobs have ended get their rows, should whoever ended
 * them have died before. Gives the others.
 */
export async function reconcileWindow(
  broker: Broker,
  batch: BatchSpec,
  takenBeforeMs: number = Number.POSITIVE_INFINITY,
): Promise<WindowState> {
  const window = await readWindow(broker.jobs.redis, batch.id)
  const lines = window.filter(({ takenAtMs }) => takenAtMs < takenBeforeMs)
  const records = await readJobs(
    broker.jobs,
    lines.map(({ line, try: tryNumber }) => jobIdOfLine(batch.id, line, tryNumber)),
  )
  const ended = records.filter((record) => record !== null && isTerminal(record.status)) as JobRecord[]
  if (ended.length > 0) {
    await recordEndedLines(broker, await Promise.all(ended.map((record) => endedJob(broker, record))))
  }
  return {
    running: records.filter((record) => record !== null && !isTerminal(record.status)) as JobRecord[],
    missing: lines.filter((_, i) => records[i] === null),
  }
}
