import { type Finding, lookAtDue } from '@switchyard/jobs/look-at-due'
import { readJobs } from '@switchyard/jobs/read-job'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Archiver } from './archiver.ts'
import type { Broker } from './broker.ts'
import { cancel } from './cancel.ts'
import { expire } from './expire.ts'
import { quarantine } from './quarantine.ts'

type Queued = Extract<Finding, { lane: string }>

/**
 * The rescuer: looks at every job whose moment has come. Work that no lane knows is put back, work whose owner vanished gets its next
 * delivery, deadlines and forsaken streams end, ended jobs leave Redis (`early`: at once). True when there is more to look at now.
 */
export async function sweep(broker: Broker, archiver: Archiver, { early = false } = {}): Promise<boolean> {
  const { findings, more } = await lookAtDue(broker.jobs, { suspectLane: SUSPECT_LANE, early })
  const of = <K extends Finding['kind']>(kind: K) => findings.filter((f): f is Finding & { kind: K } => f.kind === kind)

  archiver.take(of('archive').map(({ jobId }) => jobId))
  await Promise.all([
    readdMissing(broker, of('check')),
    ...of('redeliver').map(({ lane, jobId, delivery }) => broker.producer.add(lane, { jobId, delivery })),
    ...of('cancel').map(({ jobId }) => cancel(broker, jobId)),
    withRecords(broker, of('expire'), (record) => expire(broker, record)),
    withRecords(broker, of('quarantine'), (record) => quarantine(broker, record)),
    withRecords(broker, of('forget'), ({ spec }) => broker.jobs.blobs.deleteJob(spec.project, spec.id)),
  ])
  return more
}

async function readdMissing(broker: Broker, checks: Queued[]): Promise<void> {
  await Promise.all(
    [...Map.groupBy(checks, ({ lane }) => lane)].map(async ([lane, queued]) => {
      const missing = await broker.producer.missing(
        lane,
        queued.map(({ jobId, delivery }) => ({ jobId, delivery })),
      )
      await Promise.all(missing.map((delivery) => broker.producer.add(lane, delivery)))
    }),
  )
}

async function withRecords(
  broker: Broker,
  findings: Finding[],
  act: (record: NonNullable<Awaited<ReturnType<typeof readJobs>>[number]>) => Promise<void>,
): Promise<void> {
  if (findings.length === 0) return
  const records = await readJobs(
    broker.jobs,
    findings.map(({ jobId }) => jobId),
  )
  await Promise.all(records.map((record) => record && act(record)))
}
