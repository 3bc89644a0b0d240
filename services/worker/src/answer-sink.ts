import type { ChatSink } from '@switchyard/providers/call-provider'
import type { Hold } from './hold.ts'
import type { OpenAttempt } from './open-attempt.ts'

/** What a sink has to know of its attempt. */
type Open = Pick<OpenAttempt, 'beginning' | 'stop' | 'meter' | 'racer'>

/**
 * Where a provider's lines go: into the log. What shows nothing (a role, an empty delta) is held back until the first content, so
 * that an attempt that fails before it has left no trace and the next one can start over unseen; and so that of two calls of a job
 * only the one whose content came first ever leaves any.
 */
export class AnswerSink implements ChatSink {
  firstContentAtMs: number | null = null
  /** Characters of the lines that showed something: what an estimate of the output is made of. */
  contentChars = 0
  /** What was said, where the client did not ask for a stream but its cost cap did. */
  readonly lines: string[] = []
  #hold: Hold
  #open: Open
  #held: string[] = []
  #shut = false

  constructor(hold: Hold, open: Open) {
    this.#hold = hold
    this.#open = open
  }

  data(line: string, content: boolean): void | Promise<void> {
    if (this.#shut) return
    if (content) this.contentChars += line.length
    if (this.firstContentAtMs === null) {
      if (!content) {
        this.#held.push(line)
        return
      }
      if (this.#open.racer && !this.#open.racer.win()) {
        this.#shut = true
        this.#held = []
        return
      }
      this.firstContentAtMs = Date.now()
      this.flushHeld()
    }
    const { meter, stop } = this.#open
    if (content && meter?.add(line)) {
      this.#shut = true
      stop?.stop('cost_cap')
    }
    return this.#append(line)
  }

  /** The answer is complete although it shows nothing: its lines are due all the same. */
  flushHeld(): void {
    const held = this.#held
    this.#held = []
    for (const line of held) void this.#append(line)
  }

  #started = false

  #append(line: string): void | Promise<void> {
    const { log } = this.#hold
    if (log === null) {
      if (this.#open.meter) this.lines.push(line)
      return
    }
    if (this.#started) return log.append(line)
    this.#started = true
    const { deployment, simulated, dropped } = this.#open.beginning
    return log.append(line, { start: { deployment, simulated, dropped } })
  }
}
