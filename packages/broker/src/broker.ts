import type { Jobs } from '@switchyard/jobs/jobs'
import type { LivePublisher } from '@switchyard/jobs/live-publisher'
import type { Producer } from '@switchyard/lanes/producer'
import type { DeploymentLimits } from '@switchyard/limits/limit-config'
import type { LimiterClock } from '@switchyard/limits/limiter-clock'
import type { StatedWindows } from '@switchyard/limits/reconcile'
import type { Metrics } from '@switchyard/telemetry/metric-registry'

/** What every function of this package composes. Made once in `main.ts`. */
export interface Broker {
  jobs: Jobs
  producer: Producer
  publisher: LivePublisher
  /** Limits of a deployment in the catalog that this process has loaded, undefined when it has none. */
  limitsOf(deployment: string): DeploymentLimits | undefined
  /** How long the minute of the limits is, where it is not a minute. */
  limiterClock?: LimiterClock
  /** What the answer to this call said of its provider's windows, where that is known here. */
  statedWith?(lease: string): StatedWindows | undefined
  /** Calls of a deployment have ended, and its limiter knows: there may be room. */
  onCallEnded?(deployment: string): void
  onError(error: unknown, doing: string): void
  /** Where acceptances and ends of jobs are counted. */
  metrics?: Metrics
}
