import { jobIdOfLine } from '@switchyard/batches/batch-id'
import type { BatchRecord } from '@switchyard/batches/batch-record'
import type { LoadedLine } from '@switchyard/batches/load-lines'
import type { LineEnd } from '@switchyard/batches/record-line-ends'
import { failureRow } from '@switchyard/batches/row-text'
import type { TakenLine } from '@switchyard/batches/take-lines'
import { BrokerError, toFailure } from '@switchyard/contract/broker-error'
import type { JobSpec } from '@switchyard/contract/job'
import { NO_USAGE } from '@switchyard/contract/usage'
import { KEEP_PLAIN_MS } from '@switchyard/jobs/durations'
import type { Fleet } from '../chat/plan-intake.ts'
import type { ChatIntake } from '../chat/read-chat-request.ts'
import { sightPrompt } from '../prompt-cache/prompt-caching.ts'
import { type LinePlanInput, planLineRequest, readLineRequest } from './batch-endpoints.ts'
import { lineRequest } from './line-request.ts'

/** What becomes of a line: a job, an error of its own, or nothing yet, because nobody is there who could run it. */
export type PlannedLine =
  | { kind: 'job'; spec: JobSpec; body: Buffer; line: TakenLine }
  | { kind: 'refused'; end: LineEnd }
  | { kind: 'later' }

/**
 * The jobs of lines: each planned as its endpoint plans a request, paid by the creator of the batch, over when the batch's window is. All are read
 * before the first is planned, so that the first of those that begin alike knows it already.
 */
export function planLines(
  fleet: Fleet,
  batch: BatchRecord,
  lines: readonly LoadedLine[],
  tier: LinePlanInput['tier'],
): PlannedLine[] {
  const read = lines.map((line) => attempt(batch, line, () => readLine(batch, line)))
  for (const one of read)
    if (one.kind === 'read' && fleet.caching) sightPrompt(fleet.caching, batch.spec.project, one.intake)
  return read.map((one, i) =>
    one.kind === 'read' ? attempt(batch, lines[i]!, () => planOne(fleet, batch, lines[i]!, one, tier)) : one,
  )
}

interface ReadLine {
  kind: 'read'
  customId: string
  body: Buffer
  intake: ChatIntake
}

function readLine({ spec }: BatchRecord, { bytes }: LoadedLine): ReadLine {
  const { customId, body } = lineRequest(bytes)
  return { kind: 'read', customId, body, intake: readLineRequest(spec.endpoint, body) }
}

function planOne(
  fleet: Fleet,
  { spec, expiresAtMs }: BatchRecord,
  { line, try: tryNumber }: LoadedLine,
  { customId, body, intake }: ReadLine,
  tier: LinePlanInput['tier'],
): PlannedLine {
  const id = jobIdOfLine(spec.id, line, tryNumber)
  const planned = planLineRequest(fleet, { id, payer: spec, intake, bytes: body.length, tier })
  return {
    kind: 'job',
    line: { line, try: tryNumber },
    // Its bytes, not the group's that it was read with.
    body: Buffer.from(body),
    spec: {
      ...planned,
      tier: 'batch',
      deadlineMs: Math.min(planned.deadlineMs ?? Number.POSITIVE_INFINITY, expiresAtMs),
      keepMs: KEEP_PLAIN_MS,
      onDisconnect: 'continue',
      batch: { id: spec.id, line, customId, try: tryNumber },
    },
  }
}

/** What its sender would be told is the line's error. */
function attempt<T>({ spec }: BatchRecord, { line, try: tryNumber, bytes }: LoadedLine, act: () => T): T | PlannedLine {
  try {
    return act()
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    if (error.status === 503) return { kind: 'later' }
    const { status, error: body } = toFailure(error)
    const jobId = jobIdOfLine(spec.id, line, tryNumber)
    return {
      kind: 'refused',
      end: {
        batch: spec,
        line,
        try: tryNumber,
        outcome: 'error',
        text: failureRow({ customId: lineRequest(bytes).customId, jobId, status, error: body }),
        usage: NO_USAGE,
        costNanoUsd: 0,
      },
    }
  }
}
