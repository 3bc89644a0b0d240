import type { OutcomeInput } from './outcome-input.ts'
import { OUTCOME_TABLE } from './outcome-table.ts'

const FIRST_WAIT_MS = 3_000
const LONGEST_WAIT_MS = 60_000
/** Many wait for the same moment; they come back spread over a while, because one of them is let through first. */
const SPREAD = 0.25
const MOST_SPREAD_MS = 5_000

/**
 * Until when a job that nobody waits for is put off, once everybody was asked or is out: the earliest moment at which a breaker of its
 * route lets a call through, and a while at least after failures of its own, longer with each. null: waiting does not help, or is not
 * for this job.
 */
export function waitForHealth(input: OutcomeInput): number | null {
  const row = OUTCOME_TABLE[input.failure.class]
  const refused = input.failure.class === 'unhealthy'
  if (input.attended || (row.breaker === null && !refused)) return null
  const all = input.route.hops.flatMap(({ deployments }) => deployments)
  if (!all.some(({ id }) => input.affordable?.(id) !== false)) return null
  const reopensAtMs = earliestReopening(input)
  // What heals without anybody's doing is waited for even before its breaker has opened.
  if (reopensAtMs === null && row.here !== 'once' && !refused) return null

  const ownMs = refused ? FIRST_WAIT_MS / 10 : Math.min(FIRST_WAIT_MS * 3 ** burdens(input), LONGEST_WAIT_MS)
  const waitMs = Math.max(ownMs, (reopensAtMs ?? 0) - input.nowMs)
  const untilMs = Math.ceil(input.nowMs + waitMs + input.random() * Math.min(waitMs * SPREAD, MOST_SPREAD_MS))
  return input.deadlineMs !== null && untilMs >= input.deadlineMs ? null : untilMs
}

/** When the first deployment of the route that is out lets a call through. null: none is out. */
export function earliestReopening(input: OutcomeInput): number | null {
  const moments = input.route.hops.flatMap(({ deployments }) =>
    deployments.flatMap(({ id }) => outUntil(input, id) ?? []),
  )
  return moments.length === 0 ? null : Math.min(...moments)
}

/** The moment to which a deployment is out; null where it is not, or not any more. */
export function outUntil(input: OutcomeInput, deployment: string): number | null {
  const untilMs = input.outUntilMs(deployment)
  return untilMs !== null && untilMs > input.nowMs ? untilMs : null
}

/** How many attempts the job has made beyond two at each deployment of its route. */
function burdens({ attempts, route }: OutcomeInput): number {
  const deployments = route.hops.reduce((sum, hop) => sum + hop.deployments.length, 0)
  const failed = attempts.filter(({ errorClass }) => errorClass !== null && OUTCOME_TABLE[errorClass].breaker !== null)
  return Math.max(0, failed.length - 2 * deployments)
}
