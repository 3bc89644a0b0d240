import type { Redis } from 'ioredis'

/**
 * Commands of one event-loop turn leave in one write instead of one each: a system call, and waking the server for it, costs more
 * than the command. They leave in the check phase, so that everything that the turn's sockets brought goes together; with
 * nothing else to do that is at once.
 */
export function coalesceWrites(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis as unknown as { stream: NodeJS.WritableStream & { cork(): void; uncork(): void } }
    const write = stream.write
    let corked = false
    stream.write = function (this: typeof stream, ...args: Parameters<typeof write>) {
      if (!corked) {
        corked = true
        stream.cork()
        setImmediate(() => {
          corked = false
          stream.uncork()
        })
      }
      return write.apply(stream, args)
    } as typeof write
  })
}
