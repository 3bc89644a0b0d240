import { OUTCOME_TABLE } from '@switchyard/catalog/outcome-table'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Scope } from '@switchyard/health/breaker'
import { judgeProbe } from '@switchyard/health/probe'
import { type BreakerChange, reportFailure } from '@switchyard/health/report-failure'
import type { AttemptEnding } from '@switchyard/jobs/record'
import { takeProbe } from './enter-deployment.ts'
import type { Hold } from './hold.ts'
import type { OpenAttempt } from './open-attempt.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * What an ended call says of its deployment's health. Answers are counted here and told once a second; a failure is told at once, and
 * waited for, because what follows it depends on whether the breaker has opened. Never rejects.
 */
export async function noteCall(
  worker: WorkerContext,
  hold: Hold,
  open: OpenAttempt,
  ending: AttemptEnding,
  failure: AttemptFailure | null,
): Promise<void> {
  const says = verdictOf(failure)
  if (says !== 'nothing') record(worker, hold, open, ending, says === 'answered')
  const probe = takeProbe(hold, open.id)
  try {
    if (says === 'failed') await fail(worker, open, failure!, ending, probe?.token)
    // Of two breakers in its way a failure is one's; of the other it says nothing.
    if (probe) {
      const ended = judgeProbe(worker.health.redis, probe, says === 'answered')
      if (failure === null) ended.then(tell(worker, open), (error) => worker.broker.onError(error, 'end a probe'))
      else tell(worker, open)(await ended)
    }
  } catch (error) {
    worker.broker.onError(error, 'tell of a failure')
  }
}

/** A provider that refuses a request for what it asks has answered. */
function verdictOf(failure: AttemptFailure | null): 'answered' | 'failed' | 'nothing' {
  if (failure === null) return 'answered'
  switch (failure.class) {
    case 'worker_lost':
    case 'cancelled':
    case 'deadline':
    case 'unhealthy':
      return 'nothing'
    default:
      return OUTCOME_TABLE[failure.class].breaker === null ? 'answered' : 'failed'
  }
}

function record(worker: WorkerContext, hold: Hold, open: OpenAttempt, ending: AttemptEnding, ok: boolean): void {
  const { deployment } = open.target
  const { ttftMs, durationMs, usage } = ending
  const streamed = hold.spec.stream && deployment.streams && ttftMs !== null
  const tokens = streamed && ok ? Math.max(0, (usage?.outputTokens ?? 0) - 1) : 0
  worker.health.recorder.record({
    deployment: deployment.name,
    provider: deployment.provider.name,
    ok,
    ttftMs: streamed ? ttftMs : null,
    tokens,
    tokensMs: tokens > 0 ? Math.max(0, (durationMs ?? 0) - (ttftMs ?? 0)) : 0,
  })
}

async function fail(
  worker: WorkerContext,
  open: OpenAttempt,
  failure: AttemptFailure,
  ending: AttemptEnding,
  token: string | undefined,
): Promise<void> {
  const { redis, recorder } = worker.health
  const { name, provider, breaker } = open.target.deployment
  const ofCredential = OUTCOME_TABLE[failure.class].breaker === 'credential'
  const scope: Scope = ofCredential ? `credential:${provider.name}` : `deployment:${name}`
  const change = await reportFailure(
    redis,
    {
      scope,
      cause: failure.class,
      tookMs: ending.durationMs ?? 0,
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
      ...(token === undefined ? {} : { token }),
      ok: recorder.takeOk(scope),
    },
    breaker,
  )
  tell(worker, open)([change])
}

/** One line in the log for each change, by whoever caused it: why is it out, and for how long was it. */
function tell(worker: WorkerContext, { id, target }: OpenAttempt): (changes: BreakerChange[]) => void {
  const { name, provider } = target.deployment
  return (changes) => {
    for (const { scope, became, breaker } of changes) {
      worker.health.watch.take({ scope, breaker })
      if (became === 'noted') continue
      worker.telemetry.metrics.counter('switchyard_breaker_changes_total').add({
        provider: provider.name,
        deployment: scope.startsWith('deployment:') ? name : '',
        to: became,
        cause: breaker.cause ?? '',
      })
      const { cause, openings, sinceMs, untilMs, changedAtMs } = breaker
      if (became === 'opened' || became === 'reopened') {
        const facts = {
          scope,
          cause,
          openings,
          attempt: id,
          openMs: untilMs - changedAtMs,
          outMs: changedAtMs - sinceMs,
        }
        worker.logger.warn(facts, `breaker ${became}`)
      } else if (became === 'closed') {
        worker.logger.info({ scope, cause, openings, attempt: id, outMs: changedAtMs - sinceMs }, 'breaker closed')
      }
    }
  }
}
