import { archiveJob } from '@switchyard/jobs/archive-job'
import { readJob } from '@switchyard/jobs/read-job'
import type { Broker } from './broker.ts'

export interface Archiver {
  /** Archives these jobs when their turn comes. Those that find no room come up again with a later sweep. */
  take(jobIds: string[]): void
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

/** Compressing and writing files is kept to a few at a time, and beside the sweep, so that neither live work nor rescues wait for it. */
const AT_ONCE = 4
const MOST_WAITING = 10_000

export function createArchiver(broker: Broker): Archiver {
  const waiting = new Set<string>()
  let running = 0
  const idle: (() => void)[] = []

  async function work(): Promise<void> {
    running++
    for (const jobId of waiting) {
      waiting.delete(jobId)
      try {
        const record = await readJob(broker.jobs, jobId)
        if (record && record.archive === null) await archiveJob(broker.jobs, jobId, record.spec.project)
      } catch (error) {
        broker.onError(error, 'archive a job')
      }
    }
    running--
    if (running === 0) for (const resolve of idle.splice(0)) resolve()
  }

  return {
    take(jobIds) {
      for (const jobId of jobIds) if (waiting.size < MOST_WAITING) waiting.add(jobId)
      while (running < Math.min(AT_ONCE, waiting.size)) void work()
    },
    async idle() {
      if (running > 0) await new Promise<void>((resolve) => idle.push(resolve))
    },
  }
}
