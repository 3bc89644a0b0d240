/**
 * How one answer goes out, worked out before the first byte: pure data, so that pacing and every fault is a plan and only
 * `run-delivery.ts` touches sockets and timers.
 */
export interface DeliveryPlan {
  status: number
  /** Flat pairs. */
  headers: string[]
  /** No header is sent before the ending (a connection that is reset, or never answered). */
  silent: boolean
  writes: (string | Buffer)[]
  /** Generated characters in each write; 0 for a write that carries no content. */
  characters: number[]
  /** Write 0 goes out this long after the request was read, each next one `gapMs` later; ms. */
  firstMs: number
  gapMs: number
  jitterMs: number
  /** Write `before` and all after it are this much later. */
  pause: { before: number; ms: number } | null
  ending: Ending
  /** Written again and again by the ending `repeat`. */
  repeat: string
  /** A second HTTP response, sent unasked on the connection after this one. */
  stray: string | null
}

/**
 * `end`: properly. `cut`: FIN in the middle. `reset`: RST. `hang`: silence until the caller leaves. `repeat`: never.
 */
export type Ending = 'end' | 'cut' | 'reset' | 'hang' | 'repeat'
