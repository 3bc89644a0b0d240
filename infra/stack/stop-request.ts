/** Somebody wants this process to end. */
export interface StopRequest {
  requested: Promise<void>
  signal: AbortSignal
  /** Called once if the request is repeated by somebody who lost patience. */
  onHurry(hurry: () => void): void
  dispose(): void
}

/** npm, our starter and the terminal each pass the same Ctrl-C on; what comes within this time is one request. */
const SAME_REQUEST_MS = 1000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens to SIGINT, SIGTERM, SIGHUP and to the end of the IPC channel, which is the death of whoever started us. */
export function onStopRequest(): StopRequest {
  const controller = new AbortController()
  const requested = Promise.withResolvers<void>()
  let hurry: (() => void) | undefined
  let firstMs: number | undefined

  const ask = (): void => {
    const now = performance.now()
    if (firstMs !== undefined && now - firstMs > SAME_REQUEST_MS) hurry?.()
    firstMs ??= now
    controller.abort(new Error('asked to stop'))
    requested.resolve()
  }
  for (const signal of SIGNALS) process.on(signal, ask)
  process.on('disconnect', ask)

  return {
    requested: requested.promise,
    signal: controller.signal,
    onHurry(action) {
      hurry = action
    },
    dispose() {
      for (const signal of SIGNALS) process.off(signal, ask)
      process.off('disconnect', ask)
    },
  }
}
