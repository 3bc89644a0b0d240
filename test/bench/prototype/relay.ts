import type { Redis } from 'ioredis'
import { encodeFrame } from './frame.ts'

const LOG_EVERY_MS = 100
const LOG_KEPT_S = 3_600

/**
 * What a turn brings for one ingress leaves in one message. A streamed job's log gets one merged entry every 100 ms, its first at once,
 * beside what is shown and not before it.
 */
export class Relay {
  #redis: Redis
  #messages = new Map<string, string>()
  #logs = new Map<string, { text: string; sinceMs: number }>()
  #planned = false

  constructor(redis: Redis) {
    this.#redis = redis
    setInterval(() => this.#writeLogs(LOG_EVERY_MS), LOG_EVERY_MS / 4)
  }

  tell(channel: string, jobId: string, isEnd: boolean, text: string, logged: boolean): void {
    this.#messages.set(channel, (this.#messages.get(channel) ?? '') + encodeFrame(jobId, isEnd, text))
    if (logged) this.#log(jobId, isEnd, text)
    if (this.#planned) return
    this.#planned = true
    setImmediate(() => {
      this.#planned = false
      for (const [channel, message] of this.#messages) void this.#redis.publish(channel, message)
      this.#messages.clear()
    })
  }

  #log(jobId: string, isEnd: boolean, text: string): void {
    const log = this.#logs.get(jobId)
    if (log === undefined) this.#logs.set(jobId, { text, sinceMs: 0 })
    else log.text += text
    if (log !== undefined && !isEnd) return
    this.#write(jobId)
    if (isEnd) {
      this.#logs.delete(jobId)
      void this.#redis.expire(`log:${jobId}`, LOG_KEPT_S)
    }
  }

  #writeLogs(olderThanMs: number): void {
    const nowMs = performance.now()
    for (const [jobId, { text, sinceMs }] of this.#logs) {
      if (text !== '' && nowMs - sinceMs >= olderThanMs) this.#write(jobId)
    }
  }

  #write(jobId: string): void {
    const log = this.#logs.get(jobId)!
    void this.#redis.xadd(`log:${jobId}`, '*', 'd', log.text)
    log.text = ''
    log.sinceMs = performance.now()
  }
}
