import type { Authenticator } from '@switchyard/accounts/authenticate'
import type { FailedAuthLimit } from '@switchyard/accounts/failed-auth-limit'
import type { Files } from '@switchyard/batches/files/files'
import type { Broker } from '@switchyard/broker/broker'
import type { Fleet } from '@switchyard/broker/chat/plan-intake'
import type { PromptCaching } from '@switchyard/broker/prompt-cache/prompt-caching'
import type { Catalog } from '@switchyard/catalog/catalog'
import type { UrlRules } from '@switchyard/egress/check-url'
import type { LiveReader } from '@switchyard/jobs/live-reader'
import type { LaneWatch } from '@switchyard/lanes/watch-lanes'
import type { ChannelListener } from '@switchyard/notifications/channel-listener'
import type { Notifications } from '@switchyard/notifications/notifications'
import type { RedisClient } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import type { BatchWatch } from './batches/watch-batches.ts'
import type { Intake } from './chat/start-intake.ts'
import type { UploadSlots } from './files/upload-slots.ts'
import type { OpenWaits } from './open-waits.ts'
import type { OpenStreams } from './sse/open-streams.ts'
import type { MemoryWatch } from './watch-memory.ts'

/** What every endpoint works with. Put together once, in main.ts; handed down, never fetched. */
export interface Ingress {
  broker: Broker
  live: LiveReader
  redis: RedisClient
  /** The catalog as it is now, and when it was read. */
  catalog(): { current: Catalog; loadedAtMs: number }
  /** What jobs are planned over, as it is now. */
  fleet(): Fleet
  /** How long jobs wait in their lanes. */
  lanes: LaneWatch
  authenticator: Authenticator
  failedAuth: FailedAuthLimit
  memory: MemoryWatch
  notifications: Notifications
  /** Hears what is published to any channel. */
  listener: ChannelListener
  /** Where webhooks may go. */
  webhookRules: UrlRules
  intake: Intake
  streams: OpenStreams
  waits: OpenWaits
  files: Files
  /** News of batches, for whoever follows one. */
  batches: BatchWatch
  uploads: UploadSlots
  /** How prompts of projects begin, and where those that begin alike go. */
  caching: PromptCaching
  /** True once the process has been told to end. */
  isDraining(): boolean
  telemetry: Telemetry
  logger: Logger
  /** How long a stream's headers are held back for a failure to have its own status, ms. */
  holdMs: number
}
