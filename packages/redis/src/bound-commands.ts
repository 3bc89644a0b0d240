import type { Redis } from 'ioredis'

const LOOK_EVERY_MS = 100

interface Sent {
  command: { isSettled: boolean; reject(error: Error): void }
}

/**
 * Rejects commands that were sent and not answered within `timeoutMs`, give or take what a look every 100 ms can tell: rather up
 * to 100 ms too soon than late. ioredis' own `commandTimeout` sets and clears a timer for each command.
 */
export function boundCommands(redis: Redis, timeoutMs: number): void {
  // Another one after each connection that was lost.
  const own = redis as unknown as { commandQueue: { length: number; peekAt(index: number): Sent } }
  const seenAtMs = new WeakMap<Sent['command'], number>()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    for (let i = 0; i < own.commandQueue.length; i++) {
      const { command } = own.commandQueue.peekAt(i)
      const seen = seenAtMs.get(command)
      if (seen === undefined) seenAtMs.set(command, nowMs)
      else if (nowMs - seen > timeoutMs - 1.5 * LOOK_EVERY_MS && !command.isSettled) {
        command.reject(new Error('Command timed out'))
      }
    }
  }, LOOK_EVERY_MS)
  timer.unref()
  redis.once('end', () => clearInterval(timer))
}
