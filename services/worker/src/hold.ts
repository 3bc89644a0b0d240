import type { PastAttempt } from '@switchyard/catalog/outcome-input'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import type { Probe } from '@switchyard/health/probe'
import type { Claim } from '@switchyard/jobs/claim-job'
import { LEASE_MS } from '@switchyard/jobs/durations'
import type { JobLog } from '@switchyard/jobs/job-log'
import type { Reader } from '@switchyard/jobs/readers'
import type { AttemptBeginning } from '@switchyard/jobs/record'
import type { Reservation } from '@switchyard/limits/reserve'
import { FREE_PASSAGE, type Passage } from './lane-gate.ts'
import type { UsableDeployment } from './upstreams.ts'

/**
 * Why a held job's call is aborted. `ended`: it has its terminal status already, or another owner; only the bill is left.
 * `deadline`: it is to be settled as expired. `drain`: this process is going, hand it back. `lease`: we could not renew in time, so
 * it may be somebody else's by now; hand it back if it is not.
 */
export type StopReason = 'ended' | 'deadline' | 'drain' | 'lease'

/** What was done for a job's first attempt while the job was being claimed. */
export interface HeadStart {
  target: UsableDeployment
  beginning: AttemptBeginning
  /** The attempt is written down already; it has its capacity then. */
  begun: boolean
  /** The limiter's answer under this attempt's lease; null: not asked, or it did not answer. */
  reservation: Reservation | null
}

/** One claimed job in this process, from its claim to the end of the delivery. */
export class Hold {
  readonly jobId: string
  readonly spec: JobSpec
  readonly delivery: number
  readonly hop: number
  readonly claim: Claim
  fence: number
  /** Closed attempts in the order of their ends, and at the end the open one. */
  attempts: Attempt[]
  /** The log under the current fence; null for jobs that are not streamed. */
  log: JobLog | null = null
  readers: Map<string, Reader>
  /** Deployments of this delivery that refused before a call was begun (no capacity, not served). */
  readonly refusals: (PastAttempt & { slotAtMs: number | null })[] = []
  /** The in-flight leases of running attempts, to be renewed with the job's own. */
  leases: { deployment: string; lease: string }[] = []
  /** Of running attempts: whose calls find out whether a deployment is well again. Renewed with the leases. */
  probes: Probe[] = []
  /** What was done for the first attempt together with the claim, until its call is made. */
  headStart: HeadStart | null
  /** Through the gate of the lane that the delivery came from. */
  readonly passage: Passage
  /** By this process' clock: when the lease was last known to be ours. */
  renewedAtMs = performance.now()
  readonly #skewMs: number
  #abort = new AbortController()
  #reason: StopReason | null = null
  #attachedAtMs = new Map<string, number>()

  constructor(claim: Claim, headStart: HeadStart | null = null, passage: Passage = FREE_PASSAGE) {
    this.passage = passage
    this.claim = claim
    this.headStart = headStart
    this.jobId = claim.record.spec.id
    this.spec = claim.record.spec
    this.delivery = claim.record.delivery
    this.hop = claim.record.hop
    this.fence = claim.fence
    this.attempts = inOrderOfEnds(claim.record.attempts)
    this.#skewMs = claim.claimedAtMs - Date.now()
    this.readers = new Map(claim.readers.map((reader) => [reader.id, reader]))
  }

  /** Now, by the clock of Redis, in which all moments of a job are told. */
  get nowMs(): number {
    return Date.now() + this.#skewMs
  }

  /** The lease is over by this process' clock. */
  get isStale(): boolean {
    return performance.now() - this.renewedAtMs > LEASE_MS
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get reason(): StopReason | null {
    return this.#reason
  }

  /** The first reason wins. Aborts the running call; its socket is closed at once. */
  stop(reason: StopReason): void {
    if (this.#reason !== null) return
    this.#reason = reason
    this.#abort.abort(reason)
  }

  refuse(deployment: string, { class: errorClass, retryAfterMs }: AttemptFailure): void {
    const slotAtMs = retryAfterMs === undefined ? null : Date.now() + retryAfterMs
    this.refusals.push({ deployment, hop: this.hop, errorClass, httpStatus: null, slotAtMs })
  }

  /** In how long the first of those that refused has capacity; undefined when none has said. */
  earliestSlotInMs(): number | undefined {
    const slots = this.refusals.flatMap(({ slotAtMs }) => slotAtMs ?? [])
    return slots.length === 0 ? undefined : Math.max(0, Math.min(...slots) - Date.now())
  }

  lease(deployment: string, lease: string): void {
    this.leases.push({ deployment, lease })
  }

  unlease(ended: string): void {
    this.leases = this.leases.filter(({ lease }) => lease !== ended)
  }

  addReader(reader: Reader): void {
    this.#attachedAtMs.set(reader.id, performance.now())
    this.readers.set(reader.id, reader)
    this.log?.addReader(reader)
  }

  /** The readers that Redis knew when it was asked at `askedAtMs`; who attached since then stays. */
  setReaders(readers: Reader[], askedAtMs: number): void {
    const known = new Map(readers.map((reader) => [reader.id, reader]))
    for (const [id, reader] of this.readers) {
      if ((this.#attachedAtMs.get(id) ?? -1) >= askedAtMs) known.set(id, reader)
    }
    this.readers = known
    this.log?.setReaders([...known.values()])
  }
}

/** Attempts stand by number in a record; a hedge, which is the later of two that ran beside each other, may have ended first. */
function inOrderOfEnds(attempts: Attempt[]): Attempt[] {
  const [last, before] = [attempts.at(-1), attempts.at(-2)]
  return last?.hedge && before && endOf(before) > endOf(last) ? [...attempts.slice(0, -2), last, before] : attempts
}

function endOf({ startedAtMs, durationMs }: Attempt): number {
  return startedAtMs + (durationMs ?? 0)
}
