import type { OutcomeInput } from '@switchyard/catalog/outcome-input'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'
import type { WorkerHealth } from './worker-health.ts'

/**
 * Which deployment of its hop a delivery asks first: of `preference` (the hop's own order where nobody has a better one) the first that
 * the job has not tried there and that is well, or whose probe is to be had; else the first that it has not tried, which will refuse
 * and say when it is back. Costs no round trip.
 */
export function chooseDeployment(worker: WorkerContext, hold: Hold, preference?: readonly string[]): string {
  const ids = hold.spec.route.hops[hold.hop]!.deployments.map(({ id }) => id)
  const order = preference ? [...preference.filter((id) => ids.includes(id)), ...ids] : ids
  const tried = new Set(hold.attempts.filter(({ hop }) => hop === hold.hop).map(({ deployment }) => deployment))
  const untried = order.filter((id) => !tried.has(id))
  return (
    untried.find((id) => isWell(worker.health, id) && worker.health.budget.allows(id)) ??
    untried.find((id) => isWell(worker.health, id)) ??
    untried[0] ??
    order.find((id) => isWell(worker.health, id)) ??
    order[0]!
  )
}

/** Its breakers let calls through, or one call that finds out. */
export function isWell({ watch }: WorkerHealth, deployment: string): boolean {
  const outUntilMs = watch.outUntilMs(deployment)
  return outUntilMs === null || outUntilMs <= Date.now()
}

/** What the decision after a failure asks of health, in the clock of the job's moments. */
export function healthFor(
  worker: WorkerContext,
  hold: Hold,
): Pick<OutcomeInput, 'attended' | 'outUntilMs' | 'mayRepeat' | 'regionOf'> {
  const { deployments } = worker.upstreams().catalog
  const skewMs = hold.nowMs - Date.now()
  return {
    attended: hold.spec.tier === 'interactive' && hold.spec.onDisconnect === 'cancel',
    outUntilMs: (name) => {
      const untilMs = worker.health.watch.outUntilMs(name)
      return untilMs === null ? null : untilMs + skewMs
    },
    mayRepeat: (name) => worker.health.budget.allows(name),
    regionOf: (name) => deployments.get(name)?.region ?? null,
  }
}
