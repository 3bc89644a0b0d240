import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'

/** With nothing written for so long, nothing is likely to follow in this turn that would be worth waiting for. */
const QUIET_MS = 0.5
/** Text that is gathered; what comes on top begins another piece. */
const PIECE_CHARS = 256 * 1024

/**
 * Commands of one event-loop turn leave in one write instead of one each: a system call, and waking the server for it, costs more
 * than the command. They leave in the check phase, so that everything that the turn's sockets brought goes together. On a quiet
 * connection the first leaves at once: the server works on it while we prepare what follows.
 * Texts are joined before they reach the socket: a write of many pieces encodes and copies each by itself.
 */
export function coalesceWrites(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis as unknown as { stream: Socket }
    const write = stream.write as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean
    const end = stream.end as (...args: unknown[]) => Socket
    let gathering = false
    let text = ''
    let lastMs = 0

    function flush(): void {
      if (text === '') return
      const piece = text
      text = ''
      write.call(stream, piece)
    }

    function gather(): void {
      gathering = true
      stream.cork()
      setImmediate(() => {
        gathering = false
        flush()
        stream.uncork()
      })
    }

    stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      if (!gathering) {
        const nowMs = performance.now()
        const isQuiet = nowMs - lastMs >= QUIET_MS
        lastMs = nowMs
        if (isQuiet) return write.call(stream, chunk, ...rest)
        gather()
      }
      if (typeof chunk === 'string' && rest.length === 0) {
        text += chunk
        if (text.length >= PIECE_CHARS) flush()
        return true
      }
      flush()
      return write.call(stream, chunk, ...rest)
    }) as typeof stream.write
    stream.end = ((...args: unknown[]) => {
      flush()
      return end.apply(stream, args)
    }) as typeof stream.end
  })
}
