import { randomBytes } from 'node:crypto'
import type { JobRecord, JobSpec } from '@switchyard/contract/job'
import { runScript } from '@switchyard/redis/script'
import { LEASE_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseReaders, type Reader } from './readers.ts'
import { parseAttempts } from './record.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

/** The owner's hold on a job. `fence` is its number; every write names it. */
export interface Claim {
  record: JobRecord
  fence: number
  /** Number of the log's next event. */
  nextSeq: number
  /** The request, null when it is in the blob store. */
  request: string | null
  readers: Reader[]
  claimedAtMs: number
}

export type ClaimVerdict =
  | { kind: 'claimed'; claim: Claim }
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

/** Claims one delivery of a job for `owner` until the lease ends. A repeat with the same `token` gets the same claim. */
export async function claimJob(
  jobs: Jobs,
  delivery: { jobId: string; delivery: number },
  options: { owner: string; suspect: boolean; leaseMs?: number; token?: string },
): Promise<ClaimVerdict> {
  const keys = jobKeys(delivery.jobId)
  const reply = (await runScript(
    jobs.redis,
    scripts.claim,
    [keys.record, keys.events, keys.outbox],
    [
      delivery.jobId,
      options.owner,
      options.token ?? randomBytes(9).toString('base64url'),
      delivery.delivery,
      options.leaseMs ?? LEASE_MS,
      options.suspect ? 1 : 0,
      statusEvent(delivery.jobId, 'in_progress'),
    ],
  )) as [string, ...unknown[]]
  switch (reply[0]) {
    case 'claimed':
      return { kind: 'claimed', claim: claimOf(reply as ClaimedReply, delivery.delivery, options.owner) }
    case 'held':
    case 'early':
      return { kind: reply[0], inMs: reply[1] as number }
    case 'expired':
    case 'suspect':
    case 'quarantine':
    case 'unknown':
      return { kind: reply[0] }
    default:
      return { kind: 'drop' }
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
]

function claimOf(reply: ClaimedReply, delivery: number, owner: string): Claim {
  const [, nowMs, fence, nextSeq, lease, crashes, started, spec, hop, lane, read, readers, request, attempts] = reply
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
    request,
    readers: parseReaders(readers ?? ''),
    claimedAtMs: nowMs,
  }
}
