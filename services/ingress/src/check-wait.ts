import { shareOf } from '@switchyard/broker/share-of'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { JobSpec } from '@switchyard/contract/job'
import type { Ingress } from './ingress.ts'

/**
 * Refuses with `queue_full` what would still wait in its lane when its deadline has passed. As long as even the end of the lane is reached
 * in time nobody is asked. Else the place that this project would get decides: another one's backlog is none of its business.
 */
export async function checkWait(ingress: Ingress, spec: JobSpec): Promise<void> {
  const { lane } = spec.route.hops[0]!
  if (spec.deadlineMs === null || spec.tier === 'batch') return
  const leftMs = spec.deadlineMs - Date.now()
  const longestMs = ingress.lanes.predictedWaitMs(lane)
  if (longestMs === null || longestMs <= leftMs) return
  const position = await ingress.broker.producer.turnPosition(lane, shareOf(spec)).catch(() => null)
  const expected = position === null ? null : ingress.lanes.expectWait(lane, position)
  if (!expected || expected.ms <= leftMs) return
  const waitS = Math.round(expected.ms / 1_000)
  throw new BrokerError('queue_full', `It would wait for some ${waitS} s, and its deadline is sooner. Try again.`, {
    // By then the lane has done as much of what waits as is too much now.
    retryAfterMs: expected.ms - leftMs,
  })
}
