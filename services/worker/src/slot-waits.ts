/** Jobs of this process that wait, with their place held, for a booked slot that is near. */
export interface SlotWaits {
  /** Resolves after so long, when the signal aborts, or when a call of the deployment ended and this is the first that waits for one. Never rejects. */
  wait(deployment: string, ms: number, signal: AbortSignal): Promise<void>
  /** A call of this deployment has ended. */
  freed(deployment: string): void
}

interface Wait {
  untilMs: number
  end(): void
}

export function createSlotWaits(): SlotWaits {
  const waits = new Map<string, Set<Wait>>()

  return {
    wait(deployment, ms, signal) {
      if (signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const own = waits.get(deployment) ?? new Set()
        waits.set(deployment, own)
        const wait: Wait = {
          untilMs: performance.now() + ms,
          end() {
            clearTimeout(timer)
            signal.removeEventListener('abort', wait.end)
            own.delete(wait)
            if (own.size === 0) waits.delete(deployment)
            resolve()
          },
        }
        const timer = setTimeout(wait.end, ms)
        signal.addEventListener('abort', wait.end)
        own.add(wait)
      })
    },
    freed(deployment) {
      let first: Wait | null = null
      for (const wait of waits.get(deployment) ?? []) if (!first || wait.untilMs < first.untilMs) first = wait
      first?.end()
    },
  }
}
