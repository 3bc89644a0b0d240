import { runScript } from '@switchyard/redis/script'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/**
 * Keeps result and log of an ended job until this moment (epoch ms), where they would go earlier. False when nothing changed: there is
 * no such job, it runs, it is kept longer anyway, or its result is gone already.
 */
export async function keepJob(jobs: Pick<Jobs, 'redis'>, jobId: string, untilMs: number): Promise<boolean> {
  const { record, events } = jobKeys(jobId)
  return (await runScript(jobs.redis, scripts.keep, [record, events], [Math.ceil(untilMs)])) === 1
}
