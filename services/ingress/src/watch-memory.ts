import { BrokerError } from '@switchyard/contract/broker-error'
import { memoryShare } from '@switchyard/redis/check-policy'
import type { RedisClient } from '@switchyard/redis/connect'

const EVERY_MS = 1_000
/** Running jobs need room to write their answers and to renew; new ones are turned away well before Redis refuses. */
const SHED_FROM = 0.8

export interface MemoryWatch {
  /** Throws `service_unavailable` while Redis is too full for new jobs. */
  check(): void
  stop(): void
}

/** Reads every second how full Redis is. While it can't be read, the last figure stands: Redis being away is told elsewhere. */
export function watchMemory(redis: RedisClient): MemoryWatch {
  let full = false
  let reading = false
  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    try {
      full = (await memoryShare(redis)) >= SHED_FROM
    } catch {
      // Away; see above.
    } finally {
      reading = false
    }
  }
  const timer = setInterval(() => void read(), EVERY_MS)
  timer.unref()
  void read()
  return {
    check() {
      if (!full) return
      throw new BrokerError(
        'service_unavailable',
        'The job store is nearly full; new jobs are not accepted right now.',
        {
          retryAfterMs: 5_000,
        },
      )
    },
    stop: () => clearInterval(timer),
  }
}
