import { BrokerError } from '@switchyard/contract/broker-error'

const TICK_MS = 500

export interface StreamLimits {
  perKey: number
  perJob: number
}

/** An answer that stays open. */
export interface OpenStream {
  /** Called every half second or so. */
  tick(nowMs: number): void
  /** This process stops serving it: its reader is told, and its socket destroyed. */
  interrupt(): void
  cut(): void
}

/** Every open stream of this process: how many there may be, one clock for them all, and their end when the process drains. */
export interface OpenStreams {
  /** Throws `too_many_streams`. `jobId` null: counted for its key alone. Call the returned function once, when the stream is gone. */
  reserve(apiKey: string, jobId: string | null): () => void
  watch(stream: OpenStream): void
  unwatch(stream: OpenStream): void
  count(): number
  /** Tells every reader where to resume, and destroys their sockets. */
  interruptAll(): void
  stop(): void
}

/** One timer for all streams instead of one each: 2,000 idle streams then cost a loop, not 2,000 timers. */
export function openStreams(limits: StreamLimits): OpenStreams {
  const streams = new Set<OpenStream>()
  const byKey = new Map<string, number>()
  const byJob = new Map<string, number>()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    for (const stream of streams) stream.tick(nowMs)
  }, TICK_MS)
  timer.unref()

  return {
    reserve(apiKey, jobId) {
      if ((byKey.get(apiKey) ?? 0) >= limits.perKey || (jobId !== null && (byJob.get(jobId) ?? 0) >= limits.perJob)) {
        throw new BrokerError(
          'too_many_streams',
          'Too many streams are open. Close some, or follow the job by polling.',
          {
            retryAfterMs: 1_000,
          },
        )
      }
      add(byKey, apiKey, 1)
      if (jobId !== null) add(byJob, jobId, 1)
      return () => {
        add(byKey, apiKey, -1)
        if (jobId !== null) add(byJob, jobId, -1)
      }
    },
    watch: (stream) => void streams.add(stream),
    unwatch: (stream) => void streams.delete(stream),
    count: () => streams.size,
    interruptAll() {
      for (const stream of [...streams]) stream.interrupt()
    },
    stop() {
      clearInterval(timer)
      for (const stream of [...streams]) stream.cut()
    },
  }
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by
  if (count > 0) counts.set(name, count)
  else counts.delete(name)
}
