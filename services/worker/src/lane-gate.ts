import type { Reservation, WaitingFor } from '@switchyard/limits/reserve'
import { createClosedTimes } from './closed-times.ts'

/** Why a lane is not fetched from, and until when (epoch ms). */
export interface GateState {
  closedUntilMs: number
  waitingFor: WaitingFor
}

/**
 * Keeps a lane's deliveries waiting in the lane, where fairness decides their order, while all of the lane's deployments are booked
 * ahead. Without it each would be claimed, booked and put off: a command or more for every job that waits, instead of a few a second.
 *
 * **Open**: fetching is the consumer's own affair. **Careful**, after a refusal: as many deliveries as `window` may be fetched whose
 * answer by the limiter is still to come; one after a refusal, twice as many after each that is granted at once, any number again
 * from 64 on. **Closed**: every deployment of the lane has a line of booked slots that reaches further than `AHEAD` of a minute. Until
 * it no longer does, a delivery is let in only
 * - when one that was put off has its slot,
 * - when a place in flight is free sooner than was thought,
 * - after one that was refused and went on to another lane, because the next may do so too: two for each, up to 16 at once, until
 *   one stays,
 * - now and then, to find out: after 1 s, 2 s … at most every 8 s.
 *
 * No more than a handful stay booked for a far slot: what came in too many while it closed goes back into the lane, at its old place.
 */
export interface LaneGate {
  /** A delivery was fetched. */
  enter(jobId: string): Passage
  /** Those that serve the lane in this process. */
  setDeployments(names: Iterable<string>): void
  /** A call of this deployment has ended. */
  freed(deployment: string): void
  /** Null while it is not closed. */
  state(): GateState | null
  stop(): void
}

/** One delivery on its way through the gate. */
export interface Passage {
  /** It came from a lane of batches. */
  readonly batch: boolean
  /** What the limiter said, each time it was asked. */
  answered(deployment: string, reservation: Reservation): void
  /** Put off to this moment, epoch ms; the same delivery comes again then. */
  putOff(untilMs: number): void
  /**
   * Its slot is far and there are enough booked ones already: it gives the slot back and waits in the lane, where others may still
   * go before it.
   */
  readonly isSurplus: boolean
  /** It had no capacity here and went on to another lane. */
  movedOn(): void
  /** For how much of the time since then the lane was closed; null: for none of it. */
  closedSince(sinceMs: number): { fromMs: number; untilMs: number } | null
  /** Its handling is over. */
  left(): void
}

/** For deliveries that came through no gate. */
export const FREE_PASSAGE: Passage = {
  batch: false,
  isSurplus: false,
  answered() {},
  putOff() {},
  movedOn() {},
  closedSince: () => null,
  left() {},
}

/** Part of a minute (2 s). A slot this near is waited for in the worker; for a later one the job is put off or falls back. */
export const NEAR_SLOT = 1 / 30

const SECONDS_OF_A_MINUTE = 60
const HANDFUL = 8
const LONGEST_PEEK_S = 8
/** A booked slot that nobody came for is gone by then. */
const LAPSED_S = 10
const UNBOUNDED_FROM = 64
const MOST_REMEMBERED = 256
const MOST_PERMITS = 16

interface PutOff {
  atMs: number
  let: boolean
}

export function createLaneGate({
  allow,
  batch = false,
  minuteMs = 60_000,
}: {
  /** How many more deliveries may be fetched. */
  allow(deliveries: number): void
  batch?: boolean
  minuteMs?: number
}): LaneGate {
  const second = minuteMs / SECONDS_OF_A_MINUTE
  /** Deployment → the last slot of its line that was told here. */
  const lines = new Map<string, { untilMs: number; waitingFor: WaitingFor }>()
  const putOff = new Map<string, PutOff>()
  const closedTimes = createClosedTimes()
  let deployments = new Set<string>()
  let window = Number.POSITIVE_INFINITY
  let undecided = 0
  /** While closed: how many may be let in all the same. */
  let permits = 0
  /** How many may be let in at once of those that go on to other lanes. */
  let passing = 1
  let peekMs = second
  let peekAtMs: number | null = null
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function closure(nowMs: number): GateState | null {
    let state: GateState | null = null
    for (const name of deployments) {
      const line = lines.get(name)
      const untilMs = line ? line.untilMs - second : 0
      if (!line || untilMs <= nowMs) return null
      if (!state || untilMs < state.closedUntilMs) state = { closedUntilMs: untilMs, waitingFor: line.waitingFor }
    }
    return state
  }

  function permit(count = 1): void {
    permits = Math.min(permits + count, MOST_PERMITS)
  }

  function update(): void {
    if (stopped) return
    clearTimeout(timer)
    const nowMs = Date.now()
    const closed = closure(nowMs)
    closedTimes.note(closed !== null, nowMs)
    if (closed) setTimer(lookAround(nowMs, closed) - nowMs)
    else {
      permits = 0
      peekMs = second
      peekAtMs = null
    }
    const room = closed ? Math.min(permits, Math.max(window, passing) - undecided) : window - undecided
    allow(Math.max(0, room))
  }

  /** Gives the moment of the next look. */
  function lookAround(nowMs: number, { closedUntilMs }: GateState): number {
    let next = closedUntilMs
    for (const [jobId, entry] of putOff) {
      if (entry.atMs + LAPSED_S * second < nowMs) putOff.delete(jobId)
      else if (entry.atMs > nowMs) next = Math.min(next, entry.atMs)
      else if (!entry.let) {
        entry.let = true
        permit()
      }
    }
    peekAtMs ??= nowMs + peekMs
    if (peekAtMs <= nowMs) {
      permits = Math.max(permits, 1)
      peekMs = Math.min(2 * peekMs, LONGEST_PEEK_S * second)
      peekAtMs = nowMs + peekMs
    }
    return Math.min(next, peekAtMs)
  }

  function setTimer(ms: number): void {
    // A timer may fire a moment before its time.
    timer = setTimeout(update, Math.min(Math.ceil(ms) + 1, 2 ** 31 - 1)).unref()
  }

  function remember(jobId: string, atMs: number): void {
    putOff.delete(jobId)
    putOff.set(jobId, { atMs, let: false })
    if (putOff.size > MOST_REMEMBERED) putOff.delete(putOff.keys().next().value!)
  }

  return {
    enter(jobId) {
      const isNew = !putOff.delete(jobId)
      let isDecided = false
      let isSurplus = false
      let isPutOff = false
      undecided++
      if (permits > 0) permits--
      if (window !== Number.POSITIVE_INFINITY) update()

      function decide(): void {
        if (isDecided) return
        isDecided = true
        undecided--
      }

      return {
        batch,
        get isSurplus() {
          return isSurplus
        },
        answered(deployment, reservation) {
          if (reservation.ok) {
            if (isDecided) return
            decide()
            if (window === Number.POSITIVE_INFINITY) return
            // Room for a newcomer: there is no line. Who had booked proves nothing.
            if (isNew) lines.delete(deployment)
            window = window * 2 >= UNBOUNDED_FROM ? Number.POSITIVE_INFINITY : window * 2
          } else {
            decide()
            window = 1
            const { slotAtMs, waitingFor } = reservation
            const nowMs = Date.now()
            const isFar = slotAtMs - nowMs > NEAR_SLOT * minuteMs
            isSurplus = isFar && isNew && putOff.size >= HANDFUL && closure(nowMs) !== null
            if (isSurplus) return update()
            if (isFar) remember(jobId, slotAtMs)
            if (slotAtMs >= (lines.get(deployment)?.untilMs ?? 0)) {
              lines.set(deployment, { untilMs: slotAtMs, waitingFor })
            }
          }
          update()
        },
        putOff(untilMs) {
          isPutOff = true
          passing = 1
          remember(jobId, untilMs)
          update()
        },
        movedOn() {
          peekMs = second
          passing = Math.min(2 * passing, MOST_PERMITS)
          permit(2)
          update()
        },
        closedSince: (sinceMs) => closedTimes.since(sinceMs, Date.now()),
        left() {
          if (!isPutOff) putOff.delete(jobId)
          decide()
          if (window !== Number.POSITIVE_INFINITY) update()
        },
      }
    },
    setDeployments(names) {
      deployments = new Set(names)
      for (const name of lines.keys()) if (!deployments.has(name)) lines.delete(name)
      update()
    },
    freed(deployment) {
      if (lines.get(deployment)?.waitingFor !== 'in_flight' || closure(Date.now()) === null) return
      permit()
      update()
    },
    state: () => closure(Date.now()),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
