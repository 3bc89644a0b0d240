import { confirmAttempts } from '@switchyard/jobs/confirm-attempts'
import type { Jobs } from '@switchyard/jobs/jobs'

/** A call that is over sooner needs no confirmation: its end shows the attempt. */
const AFTER_MS = 100

export interface Trials {
  /** The call is made. A stream's attempt is shown at once, because its first line is; others soon. */
  begin(jobId: string, stream: boolean): void
  end(jobId: string): void
  stop(): void
}

/** Shows attempts that were begun on trial once their calls have been running for a while, all of a moment in one pipeline. */
export function createTrials(jobs: Jobs, onError: (error: unknown) => void): Trials {
  const running = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let begun: string[] = []

  function confirm(jobIds: string[]): void {
    confirmAttempts(jobs, jobIds).catch(onError)
  }

  function confirmAll(): void {
    timer = null
    confirm([...running])
    running.clear()
  }

  /** The requests of this turn leave in its check phase; this is behind them. */
  function confirmBegun(): void {
    confirm(begun)
    begun = []
  }

  return {
    begin(jobId, stream) {
      if (stream) {
        if (begun.push(jobId) === 1) setImmediate(confirmBegun)
        return
      }
      running.add(jobId)
      timer ??= setTimeout(confirmAll, AFTER_MS).unref()
    },
    end(jobId) {
      running.delete(jobId)
    },
    stop() {
      if (timer) clearTimeout(timer)
    },
  }
}
