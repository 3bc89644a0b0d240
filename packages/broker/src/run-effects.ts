import { indexJob } from '@switchyard/accounts/job-index'
import { recordLedgerRow } from '@switchyard/accounts/ledger'
import type { OutboxRow } from '@switchyard/contract/effects'
import { attemptId } from '@switchyard/contract/ids'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import { acknowledgeCommand } from '@switchyard/jobs/outbox'
import { readJobs } from '@switchyard/jobs/read-job'
import { hasLimits } from '@switchyard/limits/limit-config'
import { reconcile } from '@switchyard/limits/reconcile'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import type { Broker } from './broker.ts'

/**
 * Carries out what an outbox row owes and strikes it off. Every receiver deduplicates by effect id, so doing it again is harmless
 * and a row is struck off only once everything is done.
 */
async function runEffects(broker: Broker, row: OutboxRow, spec: JobSpec, attempt: Attempt | null): Promise<void> {
  const { redis } = broker.jobs
  if (row.attempt === 0) {
    await indexJob(redis, { project: spec.project, jobId: spec.id, createdAtMs: spec.createdAtMs })
  } else if (attempt) {
    const id = attemptId(spec.id, attempt.number)
    const limits = broker.limitsOf(attempt.deployment)
    await Promise.all([
      recordLedgerRow(redis, {
        effectId: `${id}.ledger`,
        project: spec.project,
        apiKey: spec.apiKey,
        jobId: spec.id,
        attempt,
        endpoint: spec.endpoint,
        model: spec.model,
        tags: spec.tags,
        atMs: attempt.startedAtMs + (attempt.durationMs ?? 0),
      }),
      limits && hasLimits(limits) && reconcile(redis, `${id}.limits`, attempt.deployment, limits, id, attempt.usage),
    ])
  }
  await pipelineBySlot(redis, [acknowledgeCommand(row)])
}

/** Does now what a transition just owed, in the background of the caller; what fails is left to `runOutbox`. */
export function runEffectsSoon(broker: Broker, row: OutboxRow, spec: JobSpec, attempt: Attempt | null): void {
  runEffects(broker, row, spec, attempt).catch((error) => broker.onError(error, 'run effects'))
}

/** Does what others have left undone. Rows whose record is gone owe nothing any more. */
export async function runOutbox(broker: Broker, rows: OutboxRow[]): Promise<void> {
  const records = await readJobs(
    broker.jobs,
    rows.map(({ jobId }) => jobId),
  )
  await Promise.all(
    rows.map(async (row, i) => {
      const record = records[i]
      try {
        if (!record) await pipelineBySlot(broker.jobs.redis, [acknowledgeCommand(row)])
        else {
          const attempt = record.attempts.find(({ number }) => number === row.attempt) ?? null
          await runEffects(broker, row, record.spec, attempt)
        }
      } catch (error) {
        broker.onError(error, 'run the outbox')
      }
    }),
  )
}
