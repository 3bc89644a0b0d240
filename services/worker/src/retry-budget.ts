/** What a deployment's failures may cost in further calls, of its first calls. */
const SHARE = 0.1
const WINDOW_MS = 60_000
const SLICES = 12

interface Counts {
  first: number
  extra: number
}

export interface RetryBudget {
  /** A job's first call. */
  first(deployment: string): void
  /** A further call of a job, because of a failure of this deployment: there again, or elsewhere. */
  extra(deployment: string): void
  /** It has not used up what its failures may cost. */
  allows(deployment: string): boolean
}

/**
 * Bounds what a failing provider costs: the calls that its failures cause, in this process and the last minute, stay below a tenth of
 * the calls that were made anyhow. What holds in each process holds in the fleet. A deployment that is over its budget is not asked a
 * second time, and new jobs go past it where they can (`enter-deployment.ts`). `floorOf`: how many further calls are allowed where there
 * are few first ones.
 */
export function createRetryBudget(
  floorOf: (deployment: string) => number,
  nowMs: () => number = () => performance.now(),
): RetryBudget {
  const windows = new Map<string, { slice: number; counts: Counts }[]>()

  function slicesOf(deployment: string): { slice: number; counts: Counts }[] {
    const oldest = sliceNow() - SLICES
    const slices = (windows.get(deployment) ?? []).filter(({ slice }) => slice > oldest)
    windows.set(deployment, slices)
    return slices
  }

  function sliceNow(): number {
    return Math.floor(nowMs() / (WINDOW_MS / SLICES))
  }

  function now(deployment: string): Counts {
    const last = windows.get(deployment)?.at(-1)
    if (last?.slice === sliceNow()) return last.counts
    const counts = { first: 0, extra: 0 }
    slicesOf(deployment).push({ slice: sliceNow(), counts })
    return counts
  }

  return {
    first(deployment) {
      now(deployment).first++
    },
    extra(deployment) {
      now(deployment).extra++
    },
    allows(deployment) {
      const sum = { first: 0, extra: 0 }
      for (const { counts } of slicesOf(deployment)) {
        sum.first += counts.first
        sum.extra += counts.extra
      }
      return sum.extra < Math.max(floorOf(deployment), SHARE * sum.first)
    },
  }
}
