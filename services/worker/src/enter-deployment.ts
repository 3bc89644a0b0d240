import type { Deployment } from '@switchyard/catalog/catalog'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { claimProbe, judgeProbe, type Probe } from '@switchyard/health/probe'
import { isWell } from './choose-deployment.ts'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'
import type { WorkerHealth } from './worker-health.ts'

const PROBE_GAP_MS = 1_000

/** Why this job should not call a deployment now, as far as this process knows: class `unhealthy`, with when to ask again. */
export function whyUnwell({ health }: WorkerContext, hold: Hold, deployment: string): AttemptFailure | null {
  const { watch, budget } = health
  const outUntilMs = watch.outUntilMs(deployment)
  if (outUntilMs === null) {
    if (budget.allows(deployment) || !mayGoElsewhere(health, hold, deployment)) return null
    return { class: 'unhealthy', message: 'too many of its calls had to be made again', status: null }
  }
  if (outUntilMs <= Date.now()) return null
  const message = `resting after failures (${watch.observed(deployment)?.cause})`
  return { class: 'unhealthy', message, status: null, retryAfterMs: outUntilMs - Date.now() }
}

/**
 * Whether an attempt may call a deployment, as far as its health goes. A healthy one costs no round trip; one that is half-open is
 * called by whoever gets its probe, which then is the hold's to keep until `noteCall`.
 */
export async function enterDeployment(
  worker: WorkerContext,
  hold: Hold,
  { name, breaker }: Deployment,
  attemptId: string,
): Promise<{ ok: true } | { ok: false; failure: AttemptFailure }> {
  const { watch, redis } = worker.health
  const unwell = whyUnwell(worker, hold, name)
  if (unwell) return { ok: false, failure: unwell }
  if (watch.outUntilMs(name) === null) return { ok: true }

  const gapMs = Math.min(PROBE_GAP_MS, breaker.openMs)
  const claimed = await claimProbe(redis, { token: attemptId, scopes: watch.openScopes(name), gapMs })
  if (claimed.ok) {
    if (claimed.probe) hold.probes.push(claimed.probe)
    return { ok: true }
  }
  for (const known of claimed.broken) watch.take(known)
  const taken: AttemptFailure = {
    class: 'unhealthy',
    message: 'another call finds out whether it is well again',
    status: null,
    retryAfterMs: breaker.openMs,
  }
  return { ok: false, failure: whyUnwell(worker, hold, name) ?? taken }
}

/** The call of an attempt that had a probe is not made, or says nothing. */
export function leaveDeployment(worker: WorkerContext, hold: Hold, attemptId: string): void {
  const probe = takeProbe(hold, attemptId)
  if (!probe) return
  judgeProbe(worker.health.redis, probe, false).catch((error) => worker.broker.onError(error, 'give a probe back'))
}

export function takeProbe(hold: Hold, attemptId: string): Probe | null {
  const probe = hold.probes.find(({ token }) => token === attemptId) ?? null
  if (probe) hold.probes = hold.probes.filter(({ token }) => token !== attemptId)
  return probe
}

/** A job that nothing was tried for yet, and that somebody else could take. */
function mayGoElsewhere(health: WorkerHealth, hold: Hold, deployment: string): boolean {
  if (hold.attempts.length > 0) return false
  const others = hold.spec.route.hops.slice(hold.hop).flatMap(({ deployments }) => deployments)
  return others.some(({ id }) => id !== deployment && isWell(health, id) && health.budget.allows(id))
}
