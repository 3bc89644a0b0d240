import type { AttemptBeginning } from '@switchyard/jobs/record'
import type { ChatSink } from '@switchyard/providers/call-provider'
import type { Hold } from './hold.ts'

/**
 * Where a provider's lines go: into the log. What shows nothing (a role, an empty delta) is held back until the first content, so
 * that an attempt that fails before it has left no trace and the next one can start over unseen.
 */
export class AnswerSink implements ChatSink {
  firstContentAtMs: number | null = null
  /** Characters of the lines that showed something: what an estimate of the output is made of. */
  contentChars = 0
  #hold: Hold
  #beginning: AttemptBeginning
  #held: string[] = []

  constructor(hold: Hold, beginning: AttemptBeginning) {
    this.#hold = hold
    this.#beginning = beginning
  }

  data(line: string, content: boolean): void | Promise<void> {
    if (content) this.contentChars += line.length
    if (this.firstContentAtMs === null) {
      if (!content) {
        this.#held.push(line)
        return
      }
      this.firstContentAtMs = Date.now()
      this.flushHeld()
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
    if (log === null) return
    if (this.#started) return log.append(line)
    this.#started = true
    const { deployment, simulated, dropped } = this.#beginning
    return log.append(line, { start: { deployment, simulated, dropped } })
  }
}
