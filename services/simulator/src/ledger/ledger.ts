import { randomBytes } from 'node:crypto'
import type { Call, CallEnd, LedgerEvent } from './call.ts'

/** Calls kept in memory; from then on the oldest make room. */
const MOST_CALLS = 200_000

export interface LedgerQuery {
  after: number
  limit: number
  model?: string
  clientRequestId?: string
}

export interface Ledger {
  /** A new request id; it differs from those of other runs. */
  newId(): string
  begin(call: Omit<Call, 'n'>): Call
  /** Writes down how a call ended; the first end stands. */
  end(call: Call, ended: CallEnd, nowMs: number): void
  /** Calls after `after` in order; `next` is the cursor to go on from. */
  query(query: LedgerQuery): { calls: Call[]; next: number }
  subscribe(listener: (event: LedgerEvent) => void): () => void
  clear(): void
}

/**
 * Every call of the simulator, from its beginning. Begin and end each make an event for the subscribers (the event stream,
 * the file). Numbers go on over a clear, so a cursor never points at a different call.
 */
export function createLedger(most: number = MOST_CALLS): Ledger {
  const listeners = new Set<(event: LedgerEvent) => void>()
  const run = randomBytes(4).toString('hex')
  let calls: Call[] = []
  /** Position of the oldest call still kept; the array is compacted when half of it is dead. */
  let oldest = 0
  let made = 0
  let ids = 0
  let events = 0

  function tell(type: LedgerEvent['type'], call: Call): void {
    events++
    for (const listener of listeners) listener({ seq: events, type, call })
  }

  return {
    newId: () => `req_${run}${(++ids).toString(36).padStart(8, '0')}`,
    begin(given) {
      const call: Call = { n: ++made, ...given }
      calls.push(call)
      if (calls.length - oldest > most) oldest++
      if (oldest > most) {
        calls = calls.slice(oldest)
        oldest = 0
      }
      tell('begin', call)
      return call
    },
    end(call, ended, nowMs) {
      if (call.ended !== 'in_flight') return
      call.ended = ended
      call.msToEnd = nowMs - call.at
      tell('end', call)
    },
    query({ after, limit, model, clientRequestId }) {
      const first = calls[oldest]
      const found: Call[] = []
      let next = after
      for (
        let i = first === undefined ? calls.length : oldest + Math.max(0, after + 1 - first.n);
        i < calls.length;
        i++
      ) {
        if (found.length === limit) break
        const call = calls[i]!
        next = call.n
        if (model !== undefined && call.model !== model) continue
        if (clientRequestId !== undefined && call.clientRequestId !== clientRequestId) continue
        found.push(call)
      }
      return { calls: found, next }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    clear() {
      calls = []
      oldest = 0
    },
  }
}
