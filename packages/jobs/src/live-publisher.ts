import type { LogEntry } from '@switchyard/contract/log-entry'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { liveChannel } from './keys.ts'
import { encodeHead, type FrameNote } from './live-frame.ts'
import type { Reader } from './readers.ts'

/** One event as it stands in the log, and what its readers are told beside it. */
export interface ShownEntry {
  jobId: string
  fence: number
  entry: LogEntry
  note: FrameNote | null
}

/**
 * Shows stored events to the processes that follow them: one message per listening ingress and event-loop turn, whatever number of
 * jobs it carries. For speed only: the log is the truth, a reader that misses a message reads it there.
 */
export class LivePublisher {
  #redis: RedisClient
  #byReader = new Map<string, string>()
  #scheduled = false

  constructor(redis: RedisClient) {
    this.#redis = redis
  }

  show({ jobId, fence, entry, note }: ShownEntry, readers: Iterable<Reader>): void {
    const told: string[] = []
    for (const { id, interest } of readers) if (interest === 'all' || entry.terminal !== null) told.push(id)
    if (told.length > 0) this.tell(told, encodeHead({ jobId, fence, ...entry, count: 1, note }) + entry.data)
  }

  /** Sends a frame's text with whatever else this turn brings for these readers. */
  tell(readerIds: readonly string[], frame: string): void {
    for (const id of readerIds) this.#byReader.set(id, (this.#byReader.get(id) ?? '') + frame)
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#send())
  }

  #send(): void {
    this.#scheduled = false
    const commands: Command[] = []
    for (const [readerId, message] of this.#byReader) commands.push(publishCommand(liveChannel(readerId), message))
    this.#byReader.clear()
    // A lost message is repaired by its readers, so its failure is nobody's to handle.
    pipelineBySlot(this.#redis, commands).catch(() => {})
  }
}
