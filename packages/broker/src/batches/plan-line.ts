import { jobIdOfLine } from '@switchyard/batches/batch-id'
import type { BatchRecord } from '@switchyard/batches/batch-record'
import type { LoadedLine } from '@switchyard/batches/load-lines'
import type { LineEnd } from '@switchyard/batches/record-line-ends'
import { failureRow } from '@switchyard/batches/row-text'
import { BrokerError, toFailure } from '@switchyard/contract/broker-error'
import type { JobSpec } from '@switchyard/contract/job'
import { NO_USAGE } from '@switchyard/contract/usage'
import { KEEP_PLAIN_MS } from '@switchyard/jobs/durations'
import type { Fleet } from '../chat/plan-intake.ts'
import { type LinePlanInput, planLineRequest } from './batch-endpoints.ts'
import { lineRequest } from './line-request.ts'

/** What becomes of a line: a job, an error of its own, or nothing yet, because nobody is there who could run it. */
export type PlannedLine =
  | { kind: 'job'; spec: JobSpec; body: Buffer }
  | { kind: 'refused'; end: LineEnd }
  | { kind: 'later' }

/** The job of a line: planned as its endpoint plans a request, paid by the creator of the batch, over when the batch's window is. */
export function planLine(
  fleet: Fleet,
  batch: BatchRecord,
  { line, try: tryNumber, bytes }: LoadedLine,
  tier: LinePlanInput['tier'],
): PlannedLine {
  const { spec } = batch
  const id = jobIdOfLine(spec.id, line, tryNumber)
  const { customId, body } = lineRequest(bytes)
  try {
    const planned = planLineRequest(fleet, { id, endpoint: spec.endpoint, payer: spec, body, tier })
    return {
      kind: 'job',
      // Its bytes, not the group's that it was read with.
      body: Buffer.from(body),
      spec: {
        ...planned,
        tier: 'batch',
        deadlineMs: Math.min(planned.deadlineMs ?? Number.POSITIVE_INFINITY, batch.expiresAtMs),
        keepMs: KEEP_PLAIN_MS,
        onDisconnect: 'continue',
        batch: { id: spec.id, line, customId, try: tryNumber },
      },
    }
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    if (error.status === 503) return { kind: 'later' }
    const { status, error: body } = toFailure(error)
    return {
      kind: 'refused',
      end: {
        batch: spec,
        line,
        try: tryNumber,
        outcome: 'error',
        text: failureRow({ customId, jobId: id, status, error: body }),
        usage: NO_USAGE,
        costNanoUsd: 0,
      },
    }
  }
}
