import { partitionOf } from '@switchyard/contract/ids'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { DISCONNECT_GRACE_MS, LEASE_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { parseReaders, type Reader } from './readers.ts'
import { scripts } from './scripts.ts'

export type Renewal =
  | { kind: 'owned'; readers: Reader[] }
  /** Cancelled, ended, or taken over: stop. */
  | { kind: 'lost' }
  /** Owned, but nobody has followed it for the grace period and `on_disconnect` says cancel. */
  | { kind: 'orphaned' }

const JOBS_PER_CALL = 100

/** Renews the leases of everything an owner holds, one pipeline in all. `draining` is kept on the records. Answers by job id; a job whose call failed is not in it. */
export async function renewLeases(
  jobs: Jobs,
  owner: string,
  held: { jobId: string; fence: number }[],
  options: { leaseMs?: number; draining?: boolean } = {},
): Promise<Map<string, Renewal>> {
  const groups: { jobId: string; fence: number }[][] = []
  for (const group of Map.groupBy(held, ({ jobId }) => partitionOf(jobId)).values()) {
    for (let i = 0; i < group.length; i += JOBS_PER_CALL) groups.push(group.slice(i, i + JOBS_PER_CALL))
  }
  const replies = await pipelineBySlot(
    jobs.redis,
    groups.map((group) => {
      const keys = group.map(({ jobId }) => jobKeys(jobId).record)
      return scriptCommand(
        scripts.renew,
        [jobKeys(group[0]!.jobId).due, ...keys],
        [
          owner,
          options.leaseMs ?? LEASE_MS,
          DISCONNECT_GRACE_MS,
          options.draining ? 1 : 0,
          ...group.flatMap(({ jobId, fence }) => [jobId, fence]),
        ],
      )
    }),
  )
  const renewals = new Map<string, Renewal>()
  replies.forEach(({ error, value }, i) => {
    if (error) return
    ;(value as [number, string?][]).forEach(([code, readers], j) => {
      const { jobId } = groups[i]![j]!
      if (code === 1) renewals.set(jobId, { kind: 'owned', readers: parseReaders(readers!) })
      else renewals.set(jobId, { kind: code === 2 ? 'orphaned' : 'lost' })
    })
  })
  return renewals
}
