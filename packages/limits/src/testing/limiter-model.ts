import type { DeploymentLimits } from '../limit-config.ts'
import type { Reservation } from '../reserve.ts'

/** What the scripts promise, written the slow and obvious way: lists instead of sums. For tests. */

const MINUTE = 60_000
const BUCKETS = 120
const COUNTED = 122
const GRANT_KEPT_MS = 6 * 60 * MINUTE

type Dimension = Exclude<keyof DeploymentLimits, 'inFlight'>
type Cost = Partial<Record<Dimension, number>>

interface Spend {
  dimension: Dimension
  atMs: number
  amount: number
}

export const WAITING_FOR: Record<keyof DeploymentLimits, string> = {
  rpm: 'requests_per_minute',
  tpm: 'tokens_per_minute',
  itpm: 'input_tokens_per_minute',
  otpm: 'output_tokens_per_minute',
  rpd: 'requests_per_day',
  inFlight: 'in_flight',
}

function windowMs(dimension: Dimension): number {
  return dimension === 'rpd' ? 1_440 * MINUTE : MINUTE
}

function bucketOf(dimension: Dimension, atMs: number): number {
  return Math.floor(atMs / (windowMs(dimension) / BUCKETS))
}

export class LimiterModel {
  readonly limits: DeploymentLimits
  readonly dimensions: Dimension[]
  nowMs: number
  limitedUntilMs = 0
  spends: Spend[] = []
  leases = new Map<string, number>()
  bookings = new Map<string, { slotMs: number; cost: Cost; waitingFor: string }>()
  grants = new Map<string, { settled: boolean; atMs: number; cost: Cost; spends: Spend[] }>()

  constructor(limits: DeploymentLimits, nowMs: number) {
    this.limits = limits
    this.dimensions = (['rpm', 'tpm', 'itpm', 'otpm', 'rpd'] as const).filter((name) => limits[name] !== undefined)
    this.nowMs = nowMs
  }

  bucketStart(dimension: Dimension, atMs: number): number {
    return bucketOf(dimension, atMs) * (windowMs(dimension) / BUCKETS)
  }

  cost(requests: number, inputTokens: number, outputTokens: number): Cost {
    const all = {
      rpm: requests,
      tpm: inputTokens + outputTokens,
      itpm: inputTokens,
      otpm: outputTokens,
      rpd: requests,
    }
    return Object.fromEntries(this.dimensions.map((name) => [name, all[name]]))
  }

  /** Whether a grant may be forgotten: nobody ends a call that began so long ago. */
  isForgotten(lease: string): boolean {
    const grant = this.grants.get(lease)
    return grant !== undefined && this.nowMs - grant.atMs >= GRANT_KEPT_MS
  }

  inFlight(): number {
    return [...this.leases.values()].filter((ends) => ends > this.nowMs).length
  }

  /** Spent in the buckets that count at a moment. */
  counted(dimension: Dimension, atMs = this.nowMs): number {
    return this.spends
      .filter((spend) => spend.dimension === dimension)
      .filter((spend) => bucketOf(dimension, spend.atMs) > bucketOf(dimension, atMs) - COUNTED)
      .reduce((sum, { amount }) => sum + amount, 0)
  }

  /** Spent in the true sliding window that ends now: what the provider sees. */
  seenByProvider(dimension: Dimension): number {
    return this.spends
      .filter((spend) => spend.dimension === dimension && spend.atMs > this.nowMs - windowMs(dimension))
      .reduce((sum, { amount }) => sum + amount, 0)
  }

  live(): [string, { slotMs: number; cost: Cost; waitingFor: string }][] {
    return [...this.bookings].filter(([, { slotMs }]) => slotMs + MINUTE / 6 >= this.nowMs)
  }

  /** What an answer must be. `slotMs` null: any later moment that `plannedAt` allows. */
  expected(lease: string, asked: Cost): { ok: boolean; repeat: boolean; reasons: string[]; slotMs: number | null } {
    const grant = this.grants.get(lease)
    if (grant && (grant.settled || (this.leases.get(lease) ?? 0) > this.nowMs)) {
      return { ok: true, repeat: true, reasons: [], slotMs: null }
    }
    const own = this.live().find(([name]) => name === lease)?.[1]
    const due = own !== undefined && own.slotMs <= this.nowMs
    const others = this.live().filter(([name]) => name !== lease)
    const reasons: string[] = []
    if (this.limitedUntilMs > this.nowMs) reasons.push(WAITING_FOR.rpm)
    const isFirst = due || (own !== undefined && others.every(([, { slotMs }]) => slotMs >= own.slotMs))
    const claims = isFirst ? 0 : others.filter(([, { slotMs }]) => slotMs <= this.nowMs + MINUTE / 60).length
    if (this.limits.inFlight !== undefined && this.inFlight() + claims >= this.limits.inFlight) {
      reasons.push(WAITING_FOR.inFlight)
    }
    for (const name of this.dimensions) {
      const limit = this.limits[name]!
      const amount = Math.min(asked[name]!, limit)
      const booked = isFirst ? 0 : others.reduce((sum, [, { cost }]) => sum + cost[name]!, 0)
      if (amount > 0 && this.counted(name) + booked + amount > limit) reasons.push(WAITING_FOR[name])
    }
    const keeps = own && !due && own.slotMs >= this.limitedUntilMs
    return {
      ok: reasons.length === 0,
      repeat: false,
      reasons: keeps ? [own.waitingFor] : reasons,
      slotMs: keeps ? own.slotMs : null,
    }
  }

  /** What the window would hold at a later moment if everything that is booked came at its slot. */
  plannedAt(dimension: Dimension, atMs: number, lease: string, withBookings: boolean): number {
    const first = bucketOf(dimension, atMs) - COUNTED
    const booked = this.live()
      .filter(([name, { slotMs }]) => name !== lease && slotMs <= atMs)
      .filter(([, { slotMs }]) => bucketOf(dimension, slotMs) > first)
      .reduce((sum, [, { cost }]) => sum + cost[dimension]!, 0)
    return this.counted(dimension, atMs) + (withBookings ? booked : 0)
  }

  answered(lease: string, asked: Cost, answer: Reservation, leaseMs: number): void {
    const { repeat, slotMs } = this.expected(lease, asked)
    if (repeat || (!answer.ok && slotMs !== null)) return
    const cost = Object.fromEntries(this.dimensions.map((name) => [name, Math.min(asked[name]!, this.limits[name]!)]))
    this.bookings.delete(lease)
    if (answer.ok) {
      const spends = this.dimensions.map((dimension) => ({ dimension, atMs: this.nowMs, amount: cost[dimension]! }))
      this.spends.push(...spends)
      this.grants.set(lease, { settled: false, atMs: this.nowMs, cost, spends })
      this.leases.set(lease, this.nowMs + leaseMs)
    } else {
      this.bookings.set(lease, { slotMs: answer.slotAtMs, cost, waitingFor: answer.waitingFor })
    }
  }

  reconciled(lease: string, used: Cost | null): void {
    this.leases.delete(lease)
    this.bookings.delete(lease)
    const grant = this.grants.get(lease)
    if (!grant || grant.settled) return
    for (const spend of grant.spends) {
      const more = (used?.[spend.dimension] ?? 0) - grant.cost[spend.dimension]!
      if (more > 0) this.spends.push({ dimension: spend.dimension, atMs: this.nowMs, amount: more })
      else spend.amount += more
    }
    if (used) grant.settled = true
    else this.grants.delete(lease)
  }

  renewed(leases: string[], leaseMs: number): void {
    for (const lease of leases) {
      if ((this.leases.get(lease) ?? 0) > this.nowMs) this.leases.set(lease, this.nowMs + leaseMs)
    }
  }
}
