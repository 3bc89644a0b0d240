/** One that a consumer has taken from its lane. */
export interface HeldDelivery {
  id: string
  /** When its lock was set or last renewed; `performance.now()`. */
  lockedAt: number
  /** The lane may have given it to somebody else. */
  isLost: boolean
  /** The lane is being told what became of it. */
  isEnding: boolean
}

/** Renews the locks of all that is held, a quarter of their duration after they were set. */
export function keepLocks(
  held: ReadonlySet<HeldDelivery>,
  lockDurationMs: number,
  lane: {
    /** Gives those that could not be renewed. */
    renew: (ids: string[]) => Promise<string[]>
    onLost: (ids: string[]) => void
    onError: (error: unknown) => void
  },
): { stop(): void } {
  const everyMs = lockDurationMs / 4
  let timer: NodeJS.Timeout

  async function renewDue(): Promise<void> {
    const now = performance.now()
    const due = [...held].filter(({ lockedAt, isLost }) => !isLost && now - lockedAt >= everyMs)
    if (due.length === 0) return
    for (const delivery of due) delivery.lockedAt = now
    const lost = new Set(await lane.renew(due.map(({ id }) => id)))
    // Its end takes the lock off.
    const missed = due.filter(({ id, isEnding }) => lost.has(id) && !isEnding)
    for (const delivery of missed) delivery.isLost = true
    if (missed.length > 0) lane.onLost(missed.map(({ id }) => id))
  }

  let stopped = false
  function later(): void {
    timer = setTimeout(async () => {
      await renewDue().catch(lane.onError)
      if (!stopped) later()
    }, everyMs)
  }
  later()

  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
