import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { liveChannel } from './keys.ts'
import { encodeFrame, type Frame } from './live-frame.ts'
import type { Reader } from './readers.ts'

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

  show(frame: Frame, readers: Iterable<Reader>): void {
    let text: string | null = null
    for (const reader of readers) {
      if (reader.interest === 'end' && frame.entry.terminal === null) continue
      text ??= encodeFrame(frame)
      this.#byReader.set(reader.id, (this.#byReader.get(reader.id) ?? '') + text)
    }
    if (text !== null && !this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => this.#send())
    }
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
