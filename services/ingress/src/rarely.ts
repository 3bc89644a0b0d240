/** Says yes to each kind at most once in `everyMs`. For logs of what may happen with every request; kinds are few and ours. */
export function rarely(everyMs: number): (kind: string) => boolean {
  const lastMs = new Map<string, number>()
  return (kind) => {
    const nowMs = performance.now()
    if (nowMs - (lastMs.get(kind) ?? Number.NEGATIVE_INFINITY) < everyMs) return false
    lastMs.set(kind, nowMs)
    return true
  }
}
