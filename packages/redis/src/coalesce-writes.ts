import type { Socket } from 'node:net'
import type { Cluster, Redis } from 'ioredis'

/** With nothing written for so long, nothing is likely to follow in this turn that would be worth waiting for. */
const QUIET_MS = 0.5
/** Text that is gathered; what comes on top begins another piece. */
const PIECE_CHARS = 256 * 1024

/** Behind those that were asked for meanwhile. */
function afterTicks(leave: () => void): void {
  process.nextTick(process.nextTick, leave)
}

/** Of each client that has been connected: begins to gather. */
const gatherers = new WeakMap<Redis | Cluster, () => void>()

/**
 * What is sent from here to the end of the microtasks, and of the ticks that are due then, leaves in one write, on a quiet connection
 * too: for commands whose answers are wanted together. The server reads them, logs them and answers them at once. Does nothing on a cluster.
 */
export function writeTogether(redis: Redis | Cluster): void {
  gatherers.get(redis)?.()
}

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

    function isQuiet(): boolean {
      const nowMs = performance.now()
      const quiet = nowMs - lastMs >= QUIET_MS
      lastMs = nowMs
      return quiet
    }

    function gather(until: (leave: () => void) => void): void {
      gathering = true
      stream.cork()
      until(leave)
    }

    function leave(): void {
      gathering = false
      flush()
      stream.uncork()
    }

    gatherers.set(redis, () => {
      if (!gathering) gather(isQuiet() ? afterTicks : setImmediate)
    })

    stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      if (!gathering) {
        if (isQuiet()) return write.call(stream, chunk, ...rest)
        gather(setImmediate)
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
