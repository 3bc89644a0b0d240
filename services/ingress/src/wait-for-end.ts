import type { ServerResponse } from 'node:http'
import type { JobEnd } from '@switchyard/jobs/follower'
import type { Ingress } from './ingress.ts'

export interface Wait {
  /** The end of the job; `late` when the time was up before, `left` when the client has gone. Rejects when it can't be followed. */
  end: Promise<JobEnd | 'late' | 'left'>
  /** Stops waiting; nobody is told. */
  close(): void
}

/**
 * Waits for the end of a job that is about to be submitted (`created`), or that is stored and may have ended. Costs no polling: the
 * live reader tells. `forMs` null: as long as it takes.
 */
export function waitForEnd(
  ingress: Ingress,
  jobId: string,
  res: ServerResponse,
  { forMs, created }: { forMs: number | null; created: boolean },
): Wait {
  const { promise, resolve, reject } = Promise.withResolvers<JobEnd | 'late' | 'left'>()
  // A submit that fails closes this before anybody awaits it.
  promise.catch(() => {})
  const follow = ingress.live.follow(
    jobId,
    { after: -1, created },
    {
      onEnd(end) {
        resolve(end)
        close()
      },
      onGone(error) {
        reject(error)
        close()
      },
    },
  )
  const timer = forMs === null ? undefined : setTimeout(() => settle('late'), forMs)
  const onClose = () => settle('left')
  res.once('close', onClose)
  const done = ingress.waits.add((error) => {
    reject(error)
    close()
  })

  function settle(outcome: 'late' | 'left'): void {
    resolve(outcome)
    close()
  }

  function close(): void {
    clearTimeout(timer)
    res.off('close', onClose)
    follow.close()
    done()
  }

  return { end: promise, close }
}
