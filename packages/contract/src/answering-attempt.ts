import type { Attempt } from './job.ts'

/**
 * The attempt whose answer the client gets: the one that completed, else the one under way, else the last. Not always the last: a
 * hedge may have begun after it and lost.
 */
export function answeringAttempt(attempts: readonly Attempt[]): Attempt | undefined {
  return (
    attempts.findLast(({ status }) => status === 'completed') ??
    attempts.findLast(({ status }) => status === 'in_progress') ??
    attempts.at(-1)
  )
}
