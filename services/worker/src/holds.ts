import { RENEW_EVERY_MS } from '@switchyard/jobs/durations'
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
  #held = new Set<Hold>()
  #draining = false
  #cut = false
  #renewing = false
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
    this.#held.add(hold)
    // Its claim was on the way when all others were stopped.
    if (this.#cut) hold.stop('drain')
  }

  remove(hold: Hold): void {
    this.#held.delete(hold)
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  onCancel(jobId: string): void {
    for (const hold of this.#held) if (hold.jobId === jobId) hold.stop('ended')
  }

  onReader(jobId: string, reader: Reader): void {
    for (const hold of this.#held) if (hold.jobId === jobId) hold.addReader(reader)
  }

  /** From now on records say that this process is going: if it is killed before it is done, no crash is counted. */
  async drain(): Promise<void> {
    this.#draining = true
    await this.#renew()
  }

  /** The time for running calls is up. */
  cut(): void {
    this.#cut = true
    for (const hold of this.#held) hold.stop('drain')
  }

  /** Resolves when nothing is held. */
  async idle(): Promise<void> {
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const held = [...this.#held]
    const startedAtMs = performance.now()
    // A process that was paused past its leases must not go on as if nothing had been; so must one that is cut off from Redis.
    for (const hold of held) if (hold.isStale) hold.stop('lease')
    // While Redis is away one renewal waits, not one more every few seconds.
    if (held.length === 0 || this.#renewing) return
    this.#renewing = true
    try {
      const asked = held.map((hold) => ({ hold, jobId: hold.jobId, fence: hold.fence }))
      const renewals = await renewLeases(this.#jobs, this.#owner, asked, { draining: this.#draining })
      for (const { hold, jobId, fence } of asked) {
        const renewal = renewals.get(jobId)
        if (!renewal) continue
        if (renewal.kind === 'lost') {
          // Unless it went, or began its log anew under another fence, while the answer was on its way.
          if (this.#held.has(hold) && hold.fence === fence) hold.stop('ended')
          continue
        }
        hold.renewedAtMs = startedAtMs
        if (renewal.kind === 'owned') hold.setReaders(renewal.readers, startedAtMs)
        else this.#onOrphan(jobId)
      }
      this.#onRenewed(held)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#renewing = false
    }
  }
}
