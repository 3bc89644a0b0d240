import type { JobSpec } from '@switchyard/contract/job'
import { type Advance, advanceJob } from '@switchyard/jobs/advance-job'
import type { Broker } from './broker.ts'
import { shareOf } from './share-of.ts'

/**
 * Moves a job to a lane under its next delivery number, where it takes its project's next turn: a tag of the old lane means nothing there.
 * The add may fail: the record has moved, the sweeper puts it there.
 */
export async function fallBack(
  broker: Broker,
  spec: JobSpec,
  advance: Advance,
): Promise<{ delivery: number; rowId: string | null } | null> {
  const next = await advanceJob(broker.jobs, spec.id, advance)
  if (!next) return null
  broker.producer
    .add(advance.lane, { jobId: spec.id, delivery: next.delivery }, shareOf(spec))
    .catch((error) => broker.onError(error, 'add to a lane'))
  return next
}
