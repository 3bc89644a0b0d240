import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Usage } from '@switchyard/contract/usage'
import type { ProviderError } from '../read-error-body.ts'

/** What one raw event of a provider means to us, before the SDK translates it. */
export type RawEvent =
  /** `line` goes to the SDK. `last`: with it the answer is complete, so far as this dialect can say. */
  | { kind: 'pass'; line: string; last: boolean }
  /** Means nothing to us or to the SDK: a ping, or an event that was invented after it. */
  | { kind: 'skip' }
  | { kind: 'error'; error: ProviderError }
  | { kind: 'failure'; failure: AttemptFailure }

/**
 * A provider's own dialect, read for what the SDK cannot be trusted with: the true end, errors, and usage told before a break.
 * One per call; it keeps state.
 */
export interface RawDialect {
  event(data: string): RawEvent
  /** A whole JSON answer: the text for the SDK, or why it is none. */
  body(text: string): { text: string } | AttemptFailure
  /** Must the last event still be followed by the end of the body? */
  readonly endsWithBody: boolean
  /** As told so far; null until the provider gave a figure that counts. */
  readonly usage: Usage | null
}
