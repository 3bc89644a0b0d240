import type { JobRecord } from '@switchyard/contract/job'
import { advanceJob } from '@switchyard/jobs/advance-job'
import { laneName, parseLaneName } from '@switchyard/lanes/lane-name'
import type { Broker } from '../broker.ts'
import { shareOf } from '../share-of.ts'

/**
 * Lines that still wait are put where they run sooner, as their batch's window closes. 1: before everything else in their batch lane.
 * 2: into the interactive lanes, spread over the hops that their route has left. What runs already is left alone.
 */
export async function moveUp(broker: Broker, records: readonly JobRecord[], urgency: 1 | 2): Promise<void> {
  const queued = records.filter(({ status }) => status === 'queued')
  const moves = queued.map(async (record, i) => {
    const { spec, delivery, lane, hop } = record
    const to = urgency === 1 ? { lane, hop } : interactivePlace(record, i)
    if (!to) return
    const next = await advanceJob(broker.jobs, spec.id, { ...to, delivery, fence: null })
    if (!next) return
    const share = shareOf(spec)
    await broker.producer.add(to.lane, { jobId: spec.id, delivery: next.delivery }, urgency === 1 ? 'next' : share)
    // Whoever fetched it meanwhile drops it: it is not the newest delivery any more.
    await broker.producer.remove(lane, { jobId: spec.id, delivery }, share)
  })
  const failed = (await Promise.allSettled(moves)).find((outcome) => outcome.status === 'rejected')
  if (failed) broker.onError(failed.reason, 'move up the lines of a batch')
}

function interactivePlace({ spec, hop, lane }: JobRecord, turn: number): { lane: string; hop: number } | null {
  const left = spec.route.hops.length - hop
  const target = hop + (turn % left)
  const parts = parseLaneName(spec.route.hops[target]!.lane)
  if (!parts) return null
  const to = laneName(parts.modelClass, parts.provider, 'interactive')
  return to === lane ? null : { hop: target, lane: to }
}
