import type { Redis } from 'ioredis'

/** With nothing written for so long, nothing is likely to follow in this turn that would be worth waiting for. */
const QUIET_MS = 0.5

/**
 * Commands of one event-loop turn leave in one write instead of one each: a system call, and waking the server for it, costs more
 * than the command. They leave in the check phase, so that everything that the turn's sockets brought goes together. On a quiet
 * connection the first leaves at once: the server works on it while we prepare what follows.
 */
export function coalesceWrites(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis as unknown as { stream: NodeJS.WritableStream & { cork(): void; uncork(): void } }
    const write = stream.write
    let corked = false
    let lastMs = 0
    stream.write = function (this: typeof stream, ...args: Parameters<typeof write>) {
      if (!corked) {
        const nowMs = performance.now()
        if (nowMs - lastMs < QUIET_MS) {
          corked = true
          stream.cork()
          setImmediate(() => {
            corked = false
            stream.uncork()
          })
        }
        lastMs = nowMs
      }
      return write.apply(stream, args)
    } as typeof write
  })
}
