import type { JobRecord } from '@switchyard/contract/job'
import { forgetJob } from '@switchyard/jobs/forget-job'
import { type Finding, lookAtDue } from '@switchyard/jobs/look-at-due'
import { readJobs } from '@switchyard/jobs/read-job'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Archiver } from './archiver.ts'
import type { Broker } from './broker.ts'
import { cancel } from './cancel.ts'
import { expire } from './expire.ts'
import { quarantine } from './quarantine.ts'
import type { RollCall } from './roll-call.ts'
import { shareOf } from './share-of.ts'

type Queued = Extract<Finding, { lane: string }>

/** A lane that was lost comes back as fast as Redis confirms, and no add waits so long behind others that it counts as failed. */
const ADDS_AT_ONCE = 100

export interface SweepOptions {
  /** Redis gets full: ended jobs leave at once, not a minute after their end. */
  early?: boolean
  /** How long nobody could renew or sweep: owners get this much longer before they count as vanished. */
  leaseGraceMs?: number
  /** How often the jobs of crowded lanes are looked for; without it all alike. */
  rollCall?: RollCall
}

/**
 * The rescuer: looks at every job whose moment has come. Work that no lane knows is put back, work whose owner vanished gets its next
 * delivery, deadlines and forsaken streams end, ended jobs leave Redis. True when there is more to look at now. One rescue that fails
 * does not stop the others; its job comes up again.
 */
export async function sweep(
  broker: Broker,
  archiver: Archiver,
  { early = false, leaseGraceMs = 0, rollCall }: SweepOptions = {},
): Promise<boolean> {
  const { findings, more } = await lookAtDue(broker.jobs, {
    suspectLane: SUSPECT_LANE,
    leaseGraceMs,
    crowded: rollCall?.crowded,
    onError: (error) => broker.onError(error, 'look at a job'),
  })
  const of = <K extends Finding['kind']>(kind: K) => findings.filter((f): f is Finding & { kind: K } => f.kind === kind)

  archiver.take(of('archive').map(({ jobId }) => jobId))
  const checked = Map.groupBy(of('check'), ({ lane }) => lane)
  const inDisorder = new Set(checked.keys())
  const rescues: Promise<unknown>[] = [
    archiver.fill(early),
    ...Array.from(checked, async ([lane, queued]) => {
      if (await readdMissing(broker, lane, queued)) inDisorder.delete(lane)
    }),
    // They have had their turn.
    ...of('redeliver').map(({ lane, jobId, delivery }) => broker.producer.add(lane, { jobId, delivery }, 'next')),
    ...of('cancel').map(({ jobId }) => cancel(broker, jobId)),
    withRecords(broker, of('expire'), (record) => expire(broker, record)),
    withRecords(broker, of('quarantine'), (record) => quarantine(broker, record)),
    withRecords(broker, of('forget'), ({ spec }) => forgetJob(broker.jobs, spec.id, spec.project)),
  ]
  for (const outcome of await Promise.allSettled(rescues)) {
    if (outcome.status === 'rejected') broker.onError(outcome.reason, 'rescue a job')
  }
  return (await rollCall?.update(checked.keys(), inDisorder)) || more
}

/** True: the lane knew them all. */
async function readdMissing(broker: Broker, lane: string, queued: Queued[]): Promise<boolean> {
  const missing = await broker.producer.missing(
    lane,
    queued.map(({ jobId, delivery }) => ({ jobId, delivery })),
  )
  if (missing.length === 0) return true
  const records = await readJobs(
    broker.jobs,
    missing.map(({ jobId }) => jobId),
  )
  for (let from = 0; from < missing.length; from += ADDS_AT_ONCE) {
    await Promise.all(
      missing.slice(from, from + ADDS_AT_ONCE).map((delivery, i) => {
        const record = records[from + i]
        return record && broker.producer.add(lane, delivery, shareOf(record.spec))
      }),
    )
  }
  return false
}

async function withRecords(
  broker: Broker,
  findings: Finding[],
  act: (record: JobRecord) => Promise<void>,
): Promise<void> {
  if (findings.length === 0) return
  const records = await readJobs(
    broker.jobs,
    findings.map(({ jobId }) => jobId),
  )
  await Promise.all(records.map((record) => record && act(record)))
}
