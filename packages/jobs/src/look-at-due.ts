import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { ARCHIVE_AGAIN_MS, DISCONNECT_GRACE_MS, QUEUE_CHECK_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { dueKey, jobKeys } from './keys.ts'
import { redisNow } from './redis-now.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

/** What a job whose moment has come needs from outside its slot. */
export type Finding =
  /** check: does its lane know this delivery? redeliver: its owner vanished. quarantine: the third one did. */
  | { kind: 'check' | 'redeliver' | 'expire' | 'quarantine'; jobId: string; lane: string; delivery: number }
  /** cancel: nobody follows it any more. forget: result and log have expired. */
  | { kind: 'cancel' | 'archive' | 'forget'; jobId: string }

const PER_PARTITION = 100
const NO_LANES: ReadonlyMap<string, number> = new Map()

/**
 * Looks at every job that is due, up to a bounded number per partition, and does what belongs to its slot. Two pipelines.
 * `leaseGraceMs`: how long owners could not renew, because Redis (or whoever sweeps) was away. `crowded`: lanes whose queued jobs are
 * looked at again after so many ms on average, at most twice as many, and not after `QUEUE_CHECK_MS`.
 */
export async function lookAtDue(
  jobs: Jobs,
  options: {
    suspectLane: string
    leaseGraceMs?: number
    crowded?: ReadonlyMap<string, number>
    onError?: (error: Error) => void
  },
): Promise<{ findings: Finding[]; more: boolean }> {
  const { suspectLane, leaseGraceMs = 0, crowded = NO_LANES, onError = () => {} } = options
  const nowMs = await redisNow(jobs.redis)
  const listed = await pipelineBySlot(
    jobs.redis,
    Array.from({ length: PARTITIONS }, (_, partition): Command => {
      const key = dueKey(partition)
      return { key, command: 'zrange', args: [key, '-inf', nowMs, 'BYSCORE', 'LIMIT', 0, PER_PARTITION] }
    }),
  )
  const ids: string[] = []
  let more = false
  for (const { error, value } of listed) {
    if (error) {
      onError(error)
      continue
    }
    const due = value as string[]
    if (due.length === PER_PARTITION) more = true
    ids.push(...due)
  }
  const replies = await pipelineBySlot(
    jobs.redis,
    ids.map((jobId) => {
      const keys = jobKeys(jobId)
      return scriptCommand(
        scripts.look,
        [keys.record, keys.due, keys.outbox, keys.events, keys.ended],
        [
          jobId,
          QUEUE_CHECK_MS,
          DISCONNECT_GRACE_MS,
          statusEvent(jobId, 'queued'),
          suspectLane,
          ARCHIVE_AGAIN_MS,
          leaseGraceMs,
          ...[...crowded].flat(),
        ],
      )
    }),
  )
  const findings: Finding[] = []
  replies.forEach(({ error, value }, i) => {
    if (error) {
      onError(error)
      return
    }
    const [kind, lane, delivery] = value as [Finding['kind'] | 'none', string?, number?]
    const jobId = ids[i]!
    switch (kind) {
      case 'none':
        break
      case 'check':
      case 'redeliver':
      case 'expire':
      case 'quarantine':
        findings.push({ kind, jobId, lane: lane!, delivery: delivery! })
        break
      default:
        findings.push({ kind, jobId })
    }
  })
  return { findings, more }
}
