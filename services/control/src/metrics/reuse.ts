/** What `read` gives, reused for everybody who asks within `ms` of when it was begun. A failure is not reused once it is known. */
export function reuse<T>(read: () => Promise<T>, ms: number): () => Promise<T> {
  let last: { answer: Promise<T>; untilMs: number } | null = null
  return () => {
    const nowMs = performance.now()
    if (last === null || nowMs >= last.untilMs) {
      const begun = { answer: read(), untilMs: nowMs + ms }
      last = begun
      begun.answer.catch(() => {
        if (last === begun) last = null
      })
    }
    return last.answer
  }
}
