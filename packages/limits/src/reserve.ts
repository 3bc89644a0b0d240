import type { RedisClient } from '@switchyard/redis/connect'
import { askTogether } from './ask-together.ts'
import type { DeploymentLimits } from './limit-config.ts'
import type { LimiterClock } from './limiter-clock.ts'
import { LEASE_MS } from './renew-leases.ts'

/** What one attempt asks for. Tokens are estimates; `reconcile` puts the real ones in their place. */
export interface ReserveRequest {
  /** `<jobId>.<attempt>`, see `attemptId`. */
  lease: string
  inputTokens: number
  outputTokens: number
  /** It is of a batch: it leaves 15 % of every limit to others, gets nothing while one of them waits, and books no slot. */
  batch?: boolean
  /** How long the place in flight is held without a renewal. */
  leaseMs?: number
}

const WAITING_FOR = {
  r: 'requests_per_minute',
  t: 'tokens_per_minute',
  i: 'input_tokens_per_minute',
  o: 'output_tokens_per_minute',
  d: 'requests_per_day',
  f: 'in_flight',
} as const

export type WaitingFor = (typeof WAITING_FOR)[keyof typeof WAITING_FOR]

export type Reservation = { ok: true } | { ok: false; slotAtMs: number; waitingFor: WaitingFor }

/**
 * Reserves a place in flight, one request and the estimated tokens of an attempt at a deployment, all or nothing, in one script.
 * Calls of one turn may share it; then they are answered as if one came after the other.
 * The same lease again gets the same answer, as long as its place is held and for a minute after it was reconciled.
 *
 * **Windows.** No window of 60 s (24 h for `rpd`) ever holds more than the limit, wherever it begins: that is what the strictest
 * provider checks, and who keeps to it also passes a fixed window and a token bucket that holds one minute's worth. What is spent
 * is kept in 120 buckets of 500 ms and counts for 60.5 to 61 s, so that two requests may differ by half a second in how long they
 * are on their way. A lasting load gets 98 % of the limit (120 / 122), an idle deployment gives all of it at once.
 * (A leaky bucket, GCRA, with rate r and burst b lets b + 60 r through in a minute. Kept below the limit, it must take away from the
 * rate what it gives to the burst, and the burst must hold the largest prompt.)
 * A request larger than a limit is let through when it has the window for itself: the estimate may be wrong.
 *
 * **Booked slots.** A refused caller is booked: at `slotAtMs` (epoch ms of Redis' clock) there will be capacity for it, which
 * nobody else gets. Bookings stand in a line, so every slot of a full window is later than the one before. At or after its slot the
 * lease reserves again and is granted. It is told a later slot when calls before it came late or used more than their estimate.
 * Before its slot it gets the same answer, or a grant if there is capacity to spare: for the first in line, room for itself. A slot lapses 10 s later; who goes elsewhere
 * calls `cancelBooking`. For a place in flight the slot is an estimate: from how long places are held, 250 ms each at first.
 *
 * **Learning.** The limits are those of the catalog or what `reconcile` and `narrow` were told, whichever is lower.
 *
 * Rejects with the connection's error; the outcome is then unknown and asking again is safe.
 */
export async function reserve(
  redis: RedisClient,
  deployment: string,
  limits: DeploymentLimits,
  request: ReserveRequest,
  clock?: LimiterClock,
): Promise<Reservation> {
  const { lease, inputTokens, outputTokens, batch = false, leaseMs = LEASE_MS } = request
  const answer = await askTogether(
    redis,
    deployment,
    limits,
    { lease, inputTokens, outputTokens, batch, leaseMs },
    clock,
  )
  if (answer === 1) return { ok: true }
  return { ok: false, slotAtMs: answer[0], waitingFor: WAITING_FOR[answer[1] as keyof typeof WAITING_FOR] }
}
