import { OUTCOME_TABLE } from '@switchyard/catalog/outcome-table'
import { electProber } from '@switchyard/health/elect-prober'
import { reportFailure } from '@switchyard/health/report-failure'
import { probeUpstream } from '@switchyard/providers/probe-upstream'
import type { Transport } from '@switchyard/providers/transport'
import type { UsableDeployment } from './upstreams.ts'
import type { WorkerHealth } from './worker-health.ts'

const EVERY_MS = 15_000
/** A deployment that is well and idle is asked this often, one that is out at every turn. */
const IDLE_TERM_MS = 60_000
/** With as many recent calls (older ones count for less) the calls themselves tell enough. */
const ENOUGH_CALLS = 1

/**
 * Probes, without spending a token, the deployments that no call tells anything of: those that are out, and those that are idle. Of the
 * whole fleet one worker does it in each term. A probe that fails counts as a failed call does, and keeps an open breaker open, so that
 * no job is spent on finding out what is plain. One that passes changes nothing: only a real call closes a breaker. What the simulator
 * plays is not probed.
 */
export function startIdleProbes(options: {
  transport: Transport
  usable: () => Iterable<UsableDeployment>
  health: WorkerHealth
  onError: (error: unknown) => void
  everyMs?: number
}): { stop(): Promise<void> } {
  const { transport, usable, health, onError, everyMs = EVERY_MS } = options
  const stopping = new AbortController()
  let round: Promise<void> | null = null

  async function probe({ deployment, upstream }: UsableDeployment): Promise<void> {
    const { name, provider, breaker } = deployment
    const seen = health.watch.observed(name)
    const isOut = seen !== undefined && seen.breaker !== 'closed'
    if (!isOut && (seen?.calls ?? 0) >= ENOUGH_CALLS) return
    if (!(await electProber(health.redis, name, isOut ? everyMs : IDLE_TERM_MS))) return
    const failure = await probeUpstream(transport, upstream, stopping.signal)
    if (failure === null || stopping.signal.aborted) return
    const ofCredential = OUTCOME_TABLE[failure.class].breaker === 'credential'
    const scope = ofCredential ? (`credential:${provider.name}` as const) : (`deployment:${name}` as const)
    const call = { scope, cause: failure.class, tookMs: 0, ok: 0, idle: true }
    health.watch.take(await reportFailure(health.redis, call, breaker))
  }

  function turn(): void {
    round ??= (async () => {
      for (const one of usable()) {
        if (stopping.signal.aborted) return
        if (!one.upstream.simulated) await probe(one).catch(onError)
      }
    })().finally(() => {
      round = null
    })
  }

  const timer = setInterval(turn, everyMs).unref()
  return {
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await round
    },
  }
}
