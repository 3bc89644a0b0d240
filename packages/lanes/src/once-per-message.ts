const REMEMBERED = 100

/**
 * Reports an error unless one with the same message was reported less than `everyMs` ago: a Redis that is away makes
 * every connection of every lane say so several times a second.
 */
export function oncePerMessage(report: (error: Error) => void, everyMs: number): (error: Error) => void {
  const reportedAt = new Map<string, number>()
  return (error) => {
    const now = performance.now()
    const last = reportedAt.get(error.message)
    if (last !== undefined && now - last < everyMs) return
    if (reportedAt.size >= REMEMBERED) reportedAt.clear()
    reportedAt.set(error.message, now)
    report(error)
  }
}
