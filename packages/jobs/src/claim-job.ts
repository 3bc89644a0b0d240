import { newToken } from '@switchyard/contract/ids'
import type { JobRecord, JobSpec } from '@switchyard/contract/job'
import { runScript } from '@switchyard/redis/script'
import { LEASE_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseReaders, type Reader } from './readers.ts'
import { type AttemptBeginning, parseAttempts } from './record.ts'
import { scripts } from './scripts.ts'
import { attemptEvent, statusEvent } from './status-event.ts'

/** The owner's hold on a job. `fence` is its number; every write names it. */
export interface Claim {
  record: JobRecord
  fence: number
  /** Number of the log's next event. */
  nextSeq: number
  /** The attempt that was given with the claim is written down, as number 1. It is not among the record's attempts. */
  begun: boolean
  /** The request, null when it is in the blob store. */
  request: string | null
  readers: Reader[]
  claimedAtMs: number
  /** It had been put off to this moment; null: it had not. */
  deferredToMs: number | null
}

/**
 * `tried`: the job has an attempt already. Whoever reserved capacity for attempt 1 ahead of a claim that was refused gives it back
 * unless that is so: then attempt 1, and what was reserved under its name, are another owner's.
 */
export type ClaimVerdict = { kind: 'claimed'; claim: Claim } | (Refusal & { tried: boolean })

type Refusal =
  /** Another owner's lease is alive for so long. Durations, because our clock may not be Redis'. */
  | { kind: 'held'; inMs: number }
  /** Deferred: not before that. */
  | { kind: 'early'; inMs: number }
  /** Its deadline has passed: settle it. */
  | { kind: 'expired' }
  /** Two owners vanished with it: it belongs into the suspect lane. */
  | { kind: 'suspect' }
  /** Three owners vanished with it: settle it as quarantined. */
  | { kind: 'quarantine' }
  /** Ended or moved on: nothing to do. */
  | { kind: 'drop' }
  /** No such record: gone, or its delivery was faster than it. */
  | { kind: 'unknown' }

/**
 * Claims one delivery of a job for `owner` until the lease ends. A repeat with the same `token` gets the same claim.
 * With a `beginning` (number 1, fence 1) the very first claim of a job also writes that attempt down; on `trial` it can be taken back
 * (`withdrawAttempt`), and nobody is shown it before it has ended or was confirmed (`confirmAttempts`).
 */
export async function claimJob(
  jobs: Jobs,
  delivery: { jobId: string; delivery: number },
  options: {
    owner: string
    suspect: boolean
    leaseMs?: number
    token?: string
    beginning?: AttemptBeginning | null
    trial?: boolean
  },
): Promise<ClaimVerdict> {
  const keys = jobKeys(delivery.jobId)
  const { beginning } = options
  const reply = (await runScript(
    jobs.redis,
    scripts.claim,
    [keys.record, keys.events, keys.outbox],
    [
      delivery.jobId,
      options.owner,
      options.token ?? newToken(),
      delivery.delivery,
      options.leaseMs ?? LEASE_MS,
      options.suspect ? 1 : 0,
      statusEvent(delivery.jobId, 'in_progress'),
      beginning ? JSON.stringify(beginning) : '',
      beginning ? attemptEvent(delivery.jobId, beginning.number, beginning.deployment, 'in_progress') : '',
      options.trial ? 1 : 0,
    ],
  )) as [string, ...unknown[]]
  const tried = reply[1] !== undefined && reply[1] !== '0'
  switch (reply[0]) {
    case 'claimed':
      return { kind: 'claimed', claim: claimOf(reply as ClaimedReply, delivery.delivery, options.owner) }
    case 'held':
    case 'early':
      return { kind: reply[0], tried, inMs: reply[2] as number }
    case 'expired':
    case 'suspect':
    case 'quarantine':
    case 'unknown':
      return { kind: reply[0], tried }
    default:
      return { kind: 'drop', tried }
  }
}

type ClaimedReply = [
  kind: string,
  nowMs: number,
  fence: number,
  nextSeq: number,
  leaseUntilMs: string,
  crashes: number,
  startedAtMs: string,
  spec: string,
  hop: string,
  lane: string,
  read: string,
  readers: string | null,
  request: string | null,
  attempts: (string | null)[],
  begun: 0 | 1,
  notBeforeMs: string | null,
]

function claimOf(reply: ClaimedReply, delivery: number, owner: string): Claim {
  const [, nowMs, fence, nextSeq, lease, crashes, started, spec, hop, lane, read, readers, request, attempts] = reply
  const [begun, notBefore] = reply.slice(14) as [0 | 1, string | null]
  return {
    record: {
      spec: JSON.parse(spec) as JobSpec,
      status: 'in_progress',
      hop: Number(hop),
      lane,
      delivery,
      fence,
      owner,
      leaseUntilMs: Number(lease),
      crashes,
      read: read === '1',
      startedAtMs: Number(started),
      completedAtMs: null,
      attempts: parseAttempts(attempts),
      failure: null,
      archive: null,
      notBeforeMs: null,
      expiresAtMs: null,
      resultBlob: null,
    },
    fence,
    nextSeq,
    begun: begun === 1,
    request,
    readers: parseReaders(readers ?? ''),
    claimedAtMs: nowMs,
    deferredToMs: notBefore ? Number(notBefore) : null,
  }
}
