import { LEASE_MS, RENEW_EVERY_MS } from '@switchyard/jobs/durations'
import type { Jobs } from '@switchyard/jobs/jobs'
import type { Reader } from '@switchyard/jobs/readers'
import { renewLeases } from '@switchyard/jobs/renew-leases'
import type { Hold } from './hold.ts'

/**
 * Everything that this process holds. Renews all leases in one pipeline every few seconds, which also brings cancels that the
 * inbox missed, new readers, and streams that nobody follows any more.
 */
export class Holds {
  #jobs: Jobs
  #owner: string
  #held = new Map<string, Hold>()
  #onOrphan: (jobId: string) => void
  #onError: (error: unknown) => void
  #onRenewed: (held: Hold[]) => void
  #timer: NodeJS.Timeout
  #idle: (() => void)[] = []

  constructor(options: {
    jobs: Jobs
    owner: string
    onOrphan: (jobId: string) => void
    /** After every renewal: leases that live in other slots are renewed with it. */
    onRenewed: (held: Hold[]) => void
    onError: (error: unknown) => void
  }) {
    this.#jobs = options.jobs
    this.#owner = options.owner
    this.#onOrphan = options.onOrphan
    this.#onRenewed = options.onRenewed
    this.#onError = options.onError
    this.#timer = setInterval(() => void this.#renew(), RENEW_EVERY_MS)
  }

  get size(): number {
    return this.#held.size
  }

  add(hold: Hold): void {
    this.#held.set(hold.jobId, hold)
  }

  remove(hold: Hold): void {
    if (this.#held.get(hold.jobId) === hold) this.#held.delete(hold.jobId)
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  onCancel(jobId: string): void {
    this.#held.get(jobId)?.stop('ended')
  }

  onReader(jobId: string, reader: Reader): void {
    this.#held.get(jobId)?.addReader(reader)
  }

  stopAll(reason: 'drain'): void {
    for (const hold of this.#held.values()) hold.stop(reason)
  }

  /** Resolves when nothing is held. */
  async idle(): Promise<void> {
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const held = [...this.#held.values()]
    const startedAtMs = performance.now()
    // A process that was paused past its leases must not go on as if nothing had been; so must one that is cut off from Redis.
    for (const hold of held) if (startedAtMs - hold.renewedAtMs > LEASE_MS) hold.stop('ended')
    if (held.length === 0) return
    try {
      const asked = held.map((hold) => ({ hold, jobId: hold.jobId, fence: hold.fence }))
      const renewals = await renewLeases(this.#jobs, this.#owner, asked)
      for (const { hold, jobId, fence } of asked) {
        const renewal = renewals.get(jobId)
        if (!renewal) continue
        if (renewal.kind === 'lost') {
          // Unless it went, or began its log anew under another fence, while the answer was on its way.
          if (this.#held.get(jobId) === hold && hold.fence === fence) hold.stop('ended')
          continue
        }
        hold.renewedAtMs = startedAtMs
        if (renewal.kind === 'owned') hold.setReaders(renewal.readers)
        else this.#onOrphan(jobId)
      }
      this.#onRenewed(held)
    } catch (error) {
      this.#onError(error)
    }
  }
}
