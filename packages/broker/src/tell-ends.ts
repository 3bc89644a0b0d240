import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import { recordEnds } from '@switchyard/notifications/record-ends'
import { recordEndedLines } from './batches/record-ended-lines.ts'
import type { Broker } from './broker.ts'
import type { EndedJob } from './ended-job.ts'
import type { Owed } from './owed-effects.ts'

type OwedEnd = Owed & { end: EndedJob }

/** Tells the projects of jobs that ended: their feeds, and their webhooks through these. What could not be told is added to `failed`. */
export async function tellProjects(broker: Broker, batch: Owed[], failed: Set<Owed>): Promise<void> {
  const ends = batch.filter((owed): owed is OwedEnd => owed.end !== null && owed.end.spec.batch === undefined)
  if (ends.length === 0) return
  const outcomes = await recordEnds(
    broker.jobs.redis,
    ends.map(({ end: { spec, status, endedAtMs, attempts } }) => ({
      jobId: spec.id,
      project: spec.project,
      endpoint: spec.endpoint,
      status,
      endedAtMs,
      incomplete: answeringAttempt(attempts)?.incomplete !== undefined,
      webhook: spec.webhook,
      traceparent: spec.traceparent,
    })),
  )
  outcomes.forEach((error, i) => {
    if (error === null) return
    broker.onError(error, 'tell of an end')
    failed.add(ends[i]!)
  })
}

/** Writes the rows of batch lines, after everything else that is paid from their records: little is left of those then. */
export async function recordLines(broker: Broker, batch: Owed[], failed: Set<Owed>): Promise<void> {
  const lines = batch.filter(
    (owed): owed is OwedEnd => owed.end !== null && owed.end.spec.batch !== undefined && !failed.has(owed),
  )
  if (lines.length === 0) return
  const done = await recordEndedLines(
    broker,
    lines.map(({ end }) => end),
  )
  done.forEach((isDone, i) => {
    if (!isDone) failed.add(lines[i]!)
  })
}
