import { recordLedgerRow } from '@switchyard/accounts/ledger'
import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import type { JobRecord } from '@switchyard/contract/job'
import { totalCostNanoUsd } from '@switchyard/contract/job-object'
import { readJob } from '@switchyard/jobs/read-job'
import type { AdmittedJob } from '../chat/admit-chat.ts'
import type { Ingress } from '../ingress.ts'

/**
 * Books an answer that another request's call gave: it cost nothing, and saved what that call cost. Never rejects: what a report lacks then is
 * a saving, no debt. `ended` is the shared job's record, read anew without one.
 */
export async function bookCached(ingress: Ingress, job: AdmittedJob, ended?: JobRecord): Promise<void> {
  const { cached, spec } = job
  if (cached === null) return
  try {
    const record = ended ?? (await readJob(ingress.broker.jobs, spec.id))
    if (record?.status !== 'completed' || record.failure !== null) return
    await recordLedgerRow(ingress.redis, {
      kind: 'cached',
      // The id that the request's own job would have had.
      effectId: `${cached.id}.0.cached`,
      project: spec.project,
      apiKey: cached.apiKey,
      jobId: spec.id,
      usage: answeringAttempt(record.attempts)?.usage ?? null,
      costNanoUsd: 0,
      savedNanoUsd: totalCostNanoUsd(record.attempts),
      endpoint: spec.endpoint,
      model: spec.model,
      tags: cached.tags,
      atMs: Date.now(),
    })
  } catch (error) {
    ingress.logger.warn({ err: error, jobId: spec.id }, 'book a cached answer')
  }
}
