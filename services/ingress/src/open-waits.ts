import { BrokerError } from '@switchyard/contract/broker-error'

/** Callers that wait for one JSON answer on this process; a drain lets them finish, up to its end. */
export interface OpenWaits {
  add(abort: (error: BrokerError) => void): () => void
  count(): number
  /** Resolves once nobody waits any more. */
  idle(): Promise<void>
  abortAll(): void
}

export function openWaits(): OpenWaits {
  const waits = new Set<(error: BrokerError) => void>()
  let idleWaiters: (() => void)[] = []
  return {
    add(abort) {
      waits.add(abort)
      return () => {
        if (!waits.delete(abort) || waits.size > 0) return
        for (const resolve of idleWaiters) resolve()
        idleWaiters = []
      }
    },
    count: () => waits.size,
    idle: () => (waits.size === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    abortAll() {
      const error = new BrokerError(
        'service_unavailable',
        'This server is shutting down. The job goes on without you.',
        {
          retryAfterMs: 1_000,
        },
      )
      for (const abort of [...waits]) abort(error)
    },
  }
}
