import { PARTITIONS } from '@switchyard/contract/ids'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { ARCHIVE_AGAIN_MS, DISCONNECT_GRACE_MS, QUEUE_CHECK_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { dueKey, jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

/** What a job whose moment has come needs from outside its slot. */
export type Finding =
  /** check: does its lane know this delivery? redeliver: its owner vanished. quarantine: the third one did. */
  | { kind: 'check' | 'redeliver' | 'expire' | 'quarantine'; jobId: string; lane: string; delivery: number }
  /** cancel: nobody follows it any more. forget: result and log have expired. */
  | { kind: 'cancel' | 'archive' | 'forget'; jobId: string }

const PER_PARTITION = 100
/** Jobs that are not due yet stand between those that may leave early. */
const PER_PARTITION_EARLY = 1_000

/**
 * Looks at every job that is due, up to a bounded number per partition, and does what belongs to its slot. Two pipelines.
 * `early`: ended jobs are to leave Redis now, not a minute after their end.
 */
export async function lookAtDue(
  jobs: Jobs,
  options: { suspectLane: string; early?: boolean; nowMs?: number },
): Promise<{ findings: Finding[]; more: boolean }> {
  const { suspectLane, early = false, nowMs = Date.now() } = options
  const untilMs = early ? nowMs + ARCHIVE_AGAIN_MS : nowMs
  const limit = early ? PER_PARTITION_EARLY : PER_PARTITION
  const listed = await pipelineBySlot(
    jobs.redis,
    Array.from({ length: PARTITIONS }, (_, partition): Command => {
      const key = dueKey(partition)
      return { key, command: 'zrange', args: [key, '-inf', untilMs, 'BYSCORE', 'LIMIT', 0, limit] }
    }),
  )
  const ids: string[] = []
  let more = false
  for (const { error, value } of listed) {
    if (error) continue
    const due = value as string[]
    if (!early && due.length === PER_PARTITION) more = true
    ids.push(...due)
  }
  const replies = await pipelineBySlot(
    jobs.redis,
    ids.map((jobId) => {
      const keys = jobKeys(jobId)
      return scriptCommand(
        scripts.look,
        [keys.record, keys.readers, keys.due, keys.outbox, keys.events],
        [
          jobId,
          QUEUE_CHECK_MS,
          DISCONNECT_GRACE_MS,
          statusEvent(jobId, 'queued'),
          suspectLane,
          early ? 1 : 0,
          ARCHIVE_AGAIN_MS,
        ],
      )
    }),
  )
  const findings: Finding[] = []
  replies.forEach(({ error, value }, i) => {
    if (error) return
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
