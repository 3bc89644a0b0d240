import type { Attempt, JobSpec } from '@switchyard/contract/job'
import type { Claim } from '@switchyard/jobs/claim-job'
import type { JobLog } from '@switchyard/jobs/log-writer'
import type { Reader } from '@switchyard/jobs/readers'

/**
 * Why a held job's call is aborted. `ended`: it has its terminal status already, or another owner; only the bill is left.
 * `deadline`: it is to be settled as expired. `drain`: this process is going, hand it back.
 */
export type StopReason = 'ended' | 'deadline' | 'drain'

/** One claimed job in this process, from its claim to the end of the delivery. */
export class Hold {
  readonly jobId: string
  readonly spec: JobSpec
  readonly delivery: number
  readonly hop: number
  readonly claim: Claim
  fence: number
  /** Closed attempts, and at the end the open one. */
  attempts: Attempt[]
  /** The log under the current fence; null for jobs that are not streamed. */
  log: JobLog | null = null
  readers: Map<string, Reader>
  /** The in-flight lease of the running attempt, to be renewed with the job's own. */
  leased: { deployment: string; lease: string } | null = null
  /** By this process' clock: when the lease was last known to be ours. */
  renewedAtMs = performance.now()
  #abort = new AbortController()
  #reason: StopReason | null = null

  constructor(claim: Claim) {
    this.claim = claim
    this.jobId = claim.record.spec.id
    this.spec = claim.record.spec
    this.delivery = claim.record.delivery
    this.hop = claim.record.hop
    this.fence = claim.fence
    this.attempts = claim.record.attempts
    this.readers = new Map(claim.readers.map((reader) => [reader.id, reader]))
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

  addReader(reader: Reader): void {
    this.readers.set(reader.id, reader)
    this.log?.addReader(reader)
  }

  setReaders(readers: Reader[]): void {
    this.readers = new Map(readers.map((reader) => [reader.id, reader]))
    this.log?.setReaders(readers)
  }
}
