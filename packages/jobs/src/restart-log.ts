import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/**
 * Empties the log before a new attempt, if nobody has read what a failed one left in it. Numbering starts again from 0 under a new fence.
 */
export async function restartLog(
  jobs: Jobs,
  jobId: string,
  fence: number,
): Promise<{ kind: 'emptied'; fence: number } | { kind: 'read' } | { kind: 'lost' }> {
  const keys = jobKeys(jobId)
  const reply = (await runScript(jobs.redis, scripts.restart, [keys.record, keys.events], [fence])) as [number, number?]
  if (reply[0] === 1) return { kind: 'emptied', fence: reply[1]! }
  return { kind: reply[0] === 2 ? 'read' : 'lost' }
}
