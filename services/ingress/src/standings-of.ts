import type { JobRecord } from '@switchyard/contract/job'
import type { Standing } from '@switchyard/contract/job-object'
import type { Ingress } from './ingress.ts'
import { outForMs } from './out-for.ts'

/** A booked slot is kept; what was put off starts soon after its moment. */
const LATE = { ms: 1_000, share: 0.1 }

const NOWHERE: Standing = { position: null, etaMs: null, etaRangeMs: null, waitingFor: null }

/**
 * How each of these jobs stands in its lane: one pipeline for those that wait, none where no job does. The rest is known here. A lane that
 * can't be asked is left unsaid.
 */
export async function standingsOf(ingress: Ingress, records: readonly JobRecord[]): Promise<Standing[]> {
  const queued = records.filter(({ status }) => status === 'queued')
  if (queued.length === 0) return records.map(() => NOWHERE)
  const positions = await ingress.broker.producer
    .positions(queued.map(({ lane, delivery, spec }) => ({ lane, delivery: { jobId: spec.id, delivery } })))
    .catch(() => queued.map(() => null))
  const standings = new Map(queued.map((record, i) => [record, standingOf(ingress, record, positions[i]!)]))
  return records.map((record) => standings.get(record) ?? NOWHERE)
}

function standingOf(ingress: Ingress, record: JobRecord, position: number | null): Standing {
  const { lanes } = ingress
  const { lane, notBeforeMs } = record
  if (position !== null) {
    const expected = lanes.expectWait(lane, position)
    const { hops } = record.spec.route
    const outMs = outForMs(ingress.fleet().observed, hops[record.hop]!, Date.now())
    const waitingFor = outMs > 0 ? 'provider' : (expected?.waitingFor ?? null)
    if (!expected) return { ...NOWHERE, position, waitingFor }
    const [etaMs, lowMs, highMs] = [expected.ms, expected.lowMs, expected.highMs].map((ms) => Math.max(ms, outMs))
    return { position, etaMs: etaMs!, etaRangeMs: [lowMs!, highMs!], waitingFor }
  }
  if (notBeforeMs === null) return NOWHERE
  const etaMs = Math.max(0, notBeforeMs - Date.now())
  return {
    position: null,
    etaMs,
    etaRangeMs: [etaMs, etaMs + LATE.ms + LATE.share * etaMs],
    waitingFor: lanes.view(lane)?.gate?.waitingFor ?? 'provider',
  }
}
