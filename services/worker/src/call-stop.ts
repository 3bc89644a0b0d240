/** Why one call of a job is ended while the job goes on: another deployment was faster, or the job's cost cap is reached. */
export type CallStopReason = 'outrun' | 'cost_cap'

/** Ends one call, not the job. Only calls that may need it have one: those of hedged or capped jobs. */
export class CallStop {
  /** Aborted with the job or with the call. */
  readonly signal: AbortSignal
  readonly #abort = new AbortController()
  #reason: CallStopReason | null = null

  constructor(job: AbortSignal) {
    this.signal = AbortSignal.any([job, this.#abort.signal])
  }

  /** null: not stopped by itself. */
  get reason(): CallStopReason | null {
    return this.#reason
  }

  /** The first reason wins. The call's socket is closed at once. */
  stop(reason: CallStopReason): void {
    if (this.signal.aborted) return
    this.#reason = reason
    this.#abort.abort(reason)
  }
}
