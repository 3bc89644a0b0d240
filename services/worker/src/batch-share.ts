import { type EventLoopUtilization, performance } from 'node:perf_hooks'

const TICK_MS = 100
/** Above this a request that comes waits noticeably for its turn in this process; below it hardly. */
const BUSY = 0.7
const LESS = 0.6
const MORE = 1.15
/** Batch work never stands still: somebody streams at any hour. */
const LEAST = 1 / 32
/** Somebody who waits for answers asks again within this time, and must not find the process full. */
const REMEMBERED_MS = 1_000

/** Pure: the share of their slots that batch lanes use next. `busy`: how much of its time the process worked, 0 to 1. */
export function nextShare(share: number, { busy, isAwaited }: { busy: number; isAwaited: boolean }): number {
  return isAwaited && busy > BUSY ? Math.max(LEAST, share * LESS) : Math.min(1, share * MORE)
}

export interface BatchShare {
  /** How many of a batch lane's slots are used now, at least one. */
  of(slots: number): number
  /** Work that somebody waits for has begun; call what it gives when it has ended. */
  began(): () => void
  /** Somebody waits for answers of this process, or did a moment ago. */
  isAwaited(): boolean
  stop(): void
}

/**
 * Lets batch work give way while the process is busy and somebody waits for answers of it: its slots shrink within a second and come back as
 * soon as there is time again. Lanes and limits keep the two apart, but all of them share one thread and its Redis connection.
 * `onChange` is told when the share is another; `busy` says how much of the time since it was last asked was work.
 */
export function startBatchShare(onChange: () => void, busy: () => number = eventLoopBusy()): BatchShare {
  let share = 1
  let awaited = 0
  let awaitedAtMs = Number.NEGATIVE_INFINITY

  const isAwaited = () => awaited > 0 || performance.now() - awaitedAtMs < REMEMBERED_MS

  const timer = setInterval(() => {
    const next = nextShare(share, { busy: busy(), isAwaited: isAwaited() })
    if (next === share) return
    share = next
    onChange()
  }, TICK_MS)
  timer.unref()

  return {
    of: (slots) => Math.max(1, Math.floor(slots * share)),
    began() {
      awaited++
      return () => {
        awaited--
        awaitedAtMs = performance.now()
      }
    },
    isAwaited,
    stop: () => clearInterval(timer),
  }
}

function eventLoopBusy(): () => number {
  let before: EventLoopUtilization = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  }
}
