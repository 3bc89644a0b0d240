import { expire } from '@switchyard/broker/expire'
import { quarantine } from '@switchyard/broker/quarantine'
import { advanceJob } from '@switchyard/jobs/advance-job'
import { claimJob } from '@switchyard/jobs/claim-job'
import { readJob } from '@switchyard/jobs/read-job'
import type { Delivery } from '@switchyard/lanes/delivery'
import { SUSPECT_LANE } from '@switchyard/lanes/lane-name'
import type { Verdict } from '@switchyard/lanes/verdict'
import { Hold } from './hold.ts'
import { runJob } from './run-job.ts'
import type { WorkerContext } from './worker-context.ts'

const DONE: Verdict = { kind: 'done' }

/** What a consumer does with one delivery: claims the job and runs it, or does what the record says instead. */
export async function runDelivery(worker: WorkerContext, delivery: Delivery): Promise<Verdict> {
  const { broker, owner, suspect } = worker
  const verdict = await claimJob(broker.jobs, delivery, { owner, suspect })
  switch (verdict.kind) {
    case 'drop':
      return DONE
    case 'held':
    case 'early':
      return { kind: 'delay', untilMs: verdict.untilMs }
    case 'expired':
    case 'quarantine':
    case 'suspect': {
      const record = await readJob(broker.jobs, delivery.jobId)
      if (!record) return DONE
      if (verdict.kind === 'expired') await expire(broker, record)
      else if (verdict.kind === 'quarantine') await quarantine(broker, record)
      else await isolate(worker, delivery, record.hop)
      return DONE
    }
    case 'claimed': {
      const hold = new Hold(verdict.claim)
      worker.holds.add(hold)
      try {
        return await runJob(worker, hold)
      } finally {
        worker.holds.remove(hold)
      }
    }
  }
}

/** Two workers vanished with it: from now on it runs alone. */
async function isolate(worker: WorkerContext, delivery: Delivery, hop: number): Promise<void> {
  const { jobs, producer } = worker.broker
  const next = await advanceJob(jobs, delivery.jobId, {
    delivery: delivery.delivery,
    hop,
    lane: SUSPECT_LANE,
    fence: null,
  })
  if (next) await producer.add(SUSPECT_LANE, { jobId: delivery.jobId, delivery: next.delivery })
}
