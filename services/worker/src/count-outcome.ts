import type { Outcome } from '@switchyard/catalog/outcome'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** Counts what follows a failure, once it is done. `closed`: what failed; null: its owner vanished. */
export function countOutcome(
  { telemetry }: WorkerContext,
  hold: Hold,
  outcome: Exclude<Outcome, { kind: 'end' }>,
  closed: { failure: AttemptFailure } | null,
): void {
  const { metrics } = telemetry
  const { lane } = hold.claim.record
  const errorClass = closed?.failure.class ?? 'worker_lost'
  switch (outcome.kind) {
    case 'retry':
      metrics.counter('switchyard_retries_total').add({ lane, error_class: errorClass })
      return
    case 'fall_back': {
      const to = hold.spec.route.hops[outcome.hop]!.lane
      metrics.counter('switchyard_fallbacks_total').add({ from: lane, to, error_class: errorClass })
      return
    }
    case 'defer':
      metrics.counter('switchyard_deferrals_total').add({ lane })
  }
}
