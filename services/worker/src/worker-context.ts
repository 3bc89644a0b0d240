import type { Broker } from '@switchyard/broker/broker'
import type { LogWriter } from '@switchyard/jobs/log-writer'
import type { LaneReports } from '@switchyard/lanes/report-lanes'
import type { Transport } from '@switchyard/providers/transport'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import type { Calibration } from './calibration.ts'
import type { Trials } from './confirm-trials.ts'
import type { HedgeBudget } from './hedge-budget.ts'
import type { Holds } from './holds.ts'
import type { Lessons } from './lessons.ts'
import type { SlotWaits } from './slot-waits.ts'
import type { ToldWaits } from './told-waits.ts'
import type { Upstreams } from './upstreams.ts'
import type { WorkerHealth } from './worker-health.ts'

/** What every step of the attempt pipeline works with. Made once in `main.ts`. */
export interface WorkerContext {
  broker: Broker
  logs: LogWriter
  transport: Transport
  /** As of the last catalog reload. */
  upstreams(): Upstreams
  holds: Holds
  trials: Trials
  health: WorkerHealth
  /** Deployment → `performance.now()` until which it is not asked ahead of a claim, because it refused. */
  restUntil: Map<string, number>
  /** What deployments without limits said of when to come back. */
  toldWaits: ToldWaits
  hedges: HedgeBudget
  slotWaits: SlotWaits
  /** Tells how fast lanes move. */
  lanes: LaneReports
  lessons: Lessons
  /** Between two steps of a batch's job: what somebody waits for goes first. */
  giveWay(): Promise<void>
  calibration: Calibration
  owner: string
  suspect: boolean
  logger: Logger
  telemetry: Telemetry
}
