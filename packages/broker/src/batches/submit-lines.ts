import type { JobSpec } from '@switchyard/contract/job'
import { createJob } from '@switchyard/jobs/create-job'
import { acknowledgeCommands } from '@switchyard/jobs/outbox'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Broker } from '../broker.ts'
import { countAccepted } from '../count-job.ts'
import { shareOf } from '../share-of.ts'

/**
 * Makes jobs of lines, all in as few writes as there are nodes, and puts them into their lanes; `urgent`: before all that waits there. A line that is a job already is left as it is.
 * What fails stays in the window of its batch and is made again later; a job that no lane knows is found by the sweeper.
 * Lines are not listed among the project's jobs: the batch is. So what their acceptance owes is struck off at once.
 */
export async function submitLines(
  broker: Broker,
  lines: readonly { spec: JobSpec; body: Buffer }[],
  urgent: boolean,
): Promise<void> {
  const created = await Promise.allSettled(lines.map((line) => createJob(broker.jobs, { ...line, reader: null })))
  const rows: { rowId: string; jobId: string }[] = []
  const adds: Promise<void>[] = []
  created.forEach((outcome, i) => {
    const { spec } = lines[i]!
    if (outcome.status === 'rejected') {
      broker.onError(outcome.reason, 'make a job of a line')
    } else if (outcome.value !== null) {
      countAccepted(broker, spec)
      rows.push({ rowId: outcome.value.rowId, jobId: spec.id })
      const turn = urgent ? 'next' : shareOf(spec)
      adds.push(broker.producer.add(spec.route.hops[0]!.lane, { jobId: spec.id, delivery: 1 }, turn))
    }
  })
  const [, ...added] = await Promise.allSettled([pipelineBySlot(broker.jobs.redis, acknowledgeCommands(rows)), ...adds])
  const failed = added.find((outcome) => outcome.status === 'rejected')
  if (failed) broker.onError(failed.reason, 'add a line to its lane')
}
