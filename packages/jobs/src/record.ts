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
  | 'incomplete'
  | 'usage'
  | 'usageSource'
  | 'costNanoUsd'
  | 'cacheSavedNanoUsd'
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

function parseAttempt(beginning: string, ending: string | null): Attempt {
  const begun = JSON.parse(beginning) as AttemptBeginning
  if (ending === null) return { ...begun, ...OPEN }
  const ended = JSON.parse(ending) as AttemptEnding | { status: 'lost'; endedAtMs: number }
  return 'endedAtMs' in ended ? { ...begun, ...lostEnding(begun, ended.endedAtMs) } : { ...begun, ...ended }
}

function numberOrNull(text: string | null): number | null {
  return text === null || text === '' ? null : Number(text)
}

/** The first of them in one go with the record; a job seldom has more. */
export const ATTEMPTS_AT_ONCE = 3

/** What a record is read from: never its bodies and events, which are fields of the same hash. */
const FIELDS = [
  'spec',
  'status',
  'hop',
  'lane',
  'delivery',
  'fence',
  'owner',
  'lease',
  'crashes',
  'read',
  'started',
  'completed',
  'failure',
  'archive',
  'notbefore',
  'expires',
  'resultblob',
  'attempts',
  'trial',
] as const

/** Names of the fields that hold attempts `from` to `to`: each one's beginning, then its ending. */
export function attemptFields(from: number, to: number): string[] {
  const names: string[] = []
  for (let number = from; number <= to; number++) names.push(`b${number}`, `e${number}`)
  return names
}

/** Names of the fields that `parseRecord` takes, in its order. */
export const RECORD_FIELDS: string[] = [...FIELDS, ...attemptFields(1, ATTEMPTS_AT_ONCE)]

/** Attempts from the values of `attemptFields`. */
export function parseAttempts(values: (string | null)[]): Attempt[] {
  const attempts: Attempt[] = []
  for (let i = 0; i < values.length; i += 2) {
    const beginning = values[i]
    if (beginning) attempts.push(parseAttempt(beginning, values[i + 1] ?? null))
  }
  return attempts
}

/** The first attempt may still be taken back: nobody is shown it. */
export function isOnTrial(trial: string | null, status: string | null, fence: string | null): boolean {
  return trial !== null && status === 'in_progress' && fence === '1'
}

/** A record from the values of `RECORD_FIELDS`, null when there is none. `attemptCount` may be more than its attempts. */
export function parseRecord(values: (string | null)[]): { record: JobRecord; attemptCount: number } | null {
  const field = (name: (typeof FIELDS)[number]): string | null => values[FIELDS.indexOf(name)] ?? null
  const spec = field('spec')
  if (spec === null) return null
  const failure = field('failure')
  const onTrial = isOnTrial(field('trial'), field('status'), field('fence'))
  const record: JobRecord = {
    spec: JSON.parse(spec) as JobSpec,
    status: field('status') as JobStatus,
    hop: Number(field('hop')),
    lane: field('lane') ?? '',
    delivery: Number(field('delivery')),
    fence: Number(field('fence')),
    owner: field('owner') || null,
    leaseUntilMs: numberOrNull(field('lease')),
    crashes: Number(field('crashes') ?? 0),
    read: field('read') === '1',
    startedAtMs: numberOrNull(field('started')),
    completedAtMs: numberOrNull(field('completed')),
    attempts: onTrial ? [] : parseAttempts(values.slice(FIELDS.length)),
    failure: failure ? (JSON.parse(failure) as JobFailure) : null,
    archive: field('archive') || null,
    notBeforeMs: numberOrNull(field('notbefore')),
    expiresAtMs: numberOrNull(field('expires')),
    resultBlob: field('resultblob') || null,
  }
  return { record, attemptCount: Number(field('attempts') ?? 0) }
}
