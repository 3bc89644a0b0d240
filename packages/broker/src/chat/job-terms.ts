import type { Tier } from '@switchyard/contract/job'
import type { ChatIntake } from './read-chat-request.ts'
import { resolveDeadline } from './resolve-deadline.ts'

const INTERACTIVE_DEADLINE_MS = 600_000

/** How a request is to be served, as far as that follows from who waits for it. */
export interface JobTerms {
  nowMs: number
  tier: Tier
  /** Its caller waits on the connection. */
  isPlain: boolean
  /** Plain and not for the batch tier: what interface.md §3 calls interactive. */
  isInteractive: boolean
  deadlineMs: number | null
}

/** `plain`: the caller prefers no job. Throws `invalid_deadline`. */
export function jobTerms({ options, flex, response }: ChatIntake, plain: boolean): JobTerms {
  const nowMs = Date.now()
  const tier = options.tier ?? (flex ? 'batch' : 'interactive')
  const isPlain = plain && response?.background !== true
  const isInteractive = isPlain && tier === 'interactive'
  const byDefault = isInteractive ? nowMs + INTERACTIVE_DEADLINE_MS : null
  const deadlineMs = options.deadline === undefined ? byDefault : resolveDeadline(options.deadline, nowMs)
  return { nowMs, tier, isPlain, isInteractive, deadlineMs }
}
