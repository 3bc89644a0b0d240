import type { JobFailure } from '@switchyard/contract/broker-error'
import type { Attempt, JobRecord, JobSpec, JobStatus } from '@switchyard/contract/job'
import { NO_USAGE } from '@switchyard/contract/usage'

/** An attempt as `begin` writes it; everything that is known before the call. */
export type AttemptBeginning = Omit<Attempt, Exclude<keyof AttemptEnding, 'dropped'>>

/** How an attempt ended; everything that is known only afterwards. `dropped` adds what the translation had to leave out. */
export type AttemptEnding = Pick<
  Attempt,
  | 'status'
  | 'dropped'
  | 'errorClass'
  | 'errorMessage'
  | 'httpStatus'
  | 'ttftMs'
  | 'durationMs'
  | 'usage'
  | 'usageSource'
  | 'costNanoUsd'
  | 'priceId'
>

const OPEN: Omit<AttemptEnding, 'dropped'> = {
  status: 'in_progress',
  errorClass: null,
  errorMessage: null,
  httpStatus: null,
  ttftMs: null,
  durationMs: null,
  usage: null,
  usageSource: 'none',
  costNanoUsd: null,
  priceId: null,
}

/** Redis closes the attempt of a vanished owner with nothing but the time; its bill is the estimate, and says so. */
function lostEnding(beginning: AttemptBeginning, endedAtMs: number): Omit<AttemptEnding, 'dropped'> {
  return {
    ...OPEN,
    status: 'lost',
    errorClass: 'worker_lost',
    errorMessage: 'the worker that made this call vanished',
    durationMs: Math.max(0, endedAtMs - beginning.startedAtMs),
    usage: {
      ...NO_USAGE,
      inputTokens: beginning.estimate.inputTokens,
      outputTokens: beginning.estimate.outputTokens,
    },
    usageSource: 'estimate',
    costNanoUsd: beginning.estimate.costNanoUsd,
    priceId: null,
  }
}

function parseAttempt(beginning: string, ending: string | undefined): Attempt {
  const begun = JSON.parse(beginning) as AttemptBeginning
  if (ending === undefined) return { ...begun, ...OPEN }
  const ended = JSON.parse(ending) as AttemptEnding | { status: 'lost'; endedAtMs: number }
  return 'endedAtMs' in ended ? { ...begun, ...lostEnding(begun, ended.endedAtMs) } : { ...begun, ...ended }
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text)
}

/** A record from the flat field list that Redis gives, null when there is none. */
export function parseRecord(flat: string[]): JobRecord | null {
  if (flat.length === 0) return null
  const fields = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!)
  const spec = fields.get('spec')
  if (spec === undefined) return null
  const attempts: Attempt[] = []
  const count = Number(fields.get('attempts') ?? 0)
  for (let number = 1; number <= count; number++) {
    const beginning = fields.get(`b${number}`)
    if (beginning !== undefined) attempts.push(parseAttempt(beginning, fields.get(`e${number}`)))
  }
  const failure = fields.get('failure')
  return {
    spec: JSON.parse(spec) as JobSpec,
    status: fields.get('status') as JobStatus,
    hop: Number(fields.get('hop')),
    lane: fields.get('lane') ?? '',
    delivery: Number(fields.get('delivery')),
    fence: Number(fields.get('fence')),
    owner: fields.get('owner') || null,
    leaseUntilMs: numberOrNull(fields.get('lease')),
    crashes: Number(fields.get('crashes') ?? 0),
    read: fields.get('read') === '1',
    startedAtMs: numberOrNull(fields.get('started')),
    completedAtMs: numberOrNull(fields.get('completed')),
    attempts,
    failure: failure ? (JSON.parse(failure) as JobFailure) : null,
    archive: fields.get('archive') || null,
    notBeforeMs: numberOrNull(fields.get('notbefore')),
    expiresAtMs: numberOrNull(fields.get('expires')),
    resultBlob: fields.get('resultblob') || null,
  }
}
