import type { Redis } from 'ioredis'

const LOOK_EVERY_MS = 100

interface Sent {
  command: { isSettled: boolean; reject(error: Error): void }
}

/**
 * Rejects commands that were sent and not answered within `timeoutMs`, give or take what a look every 100 ms can tell: rather up
 * to 100 ms too soon than late. ioredis' own `commandTimeout` sets and clears a timer for each command. It counts looks, and looks once what has
 * arrived is read: time in which this process itself did not get on is nobody's silence.
 */
export function boundCommands(redis: Redis, timeoutMs: number): void {
  // Another one after each connection that was lost.
  const own = redis as unknown as { commandQueue: { length: number; peekAt(index: number): Sent } }
  const mostLooks = timeoutMs / LOOK_EVERY_MS - 1.5
  const looks = new WeakMap<Sent['command'], number>()

  function look(): void {
    for (let i = 0; i < own.commandQueue.length; i++) {
      const { command } = own.commandQueue.peekAt(i)
      const before = looks.get(command) ?? 0
      if (before > mostLooks && !command.isSettled) command.reject(new Error('Command timed out'))
      else looks.set(command, before + 1)
    }
  }

  const timer = setInterval(() => setImmediate(look), LOOK_EVERY_MS)
  timer.unref()
  redis.once('end', () => clearInterval(timer))
}
