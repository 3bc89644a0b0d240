import { createOutputLengths } from '@switchyard/accounts/output-lengths'
import { openBlobStore } from '@switchyard/blobs/open-blob-store'
import { createArchiver } from '@switchyard/broker/archiver'
import type { Broker } from '@switchyard/broker/broker'
import { startPromptCaching } from '@switchyard/broker/prompt-cache/prompt-caching'
import { createRollCall } from '@switchyard/broker/roll-call'
import { runOutbox } from '@switchyard/broker/run-effects'
import { sweep } from '@switchyard/broker/sweep'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { watchCatalog } from '@switchyard/catalog/watch-catalog'
import { createEgress } from '@switchyard/egress/egress'
import { startLeadership } from '@switchyard/fleet/lead'
import { startNumbersPublisher } from '@switchyard/fleet/numbers/publish-numbers'
import { startFleetWatch } from '@switchyard/fleet/watch'
import { startHealthWatch } from '@switchyard/health/watch'
import { LEASE_MS } from '@switchyard/jobs/durations'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { listOutbox } from '@switchyard/jobs/outbox'
import { createProducer } from '@switchyard/lanes/producer'
import { openChannelListener } from '@switchyard/notifications/channel-listener'
import { openMasterSecret } from '@switchyard/notifications/master-secret'
import { checkPolicy, memoryShare, memoryUse } from '@switchyard/redis/check-policy'
import { type ConnectionRole, connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import { collectOrphans } from './collect-orphans.ts'
import type { BackgroundConfig } from './config.ts'
import { deliverWebhooks } from './deliver-webhooks.ts'
import { startBatchFeeding } from './feed-batches.ts'
import { outputFiles } from './output-files.ts'
import { ownerKinds } from './owner-kinds.ts'
import { repeat } from './repeat.ts'
import { tellBatchEnd } from './tell-batch-end.ts'

const SWEEP_EVERY_MS = 500
const OUTBOX_EVERY_MS = 1_000
/** What the writer of a row has not done by then, it will not do any more. */
const OUTBOX_GRACE_MS = 5_000
const COLLECT_EVERY_MS = 3_600_000
/** Sweeps that far apart mean that Redis was away: owners could not renew either, and get the same time to do it. */
const OUTAGE_MS = 3_000
const GRACE_FOR_MS = 10_000
/** Above this share of maxmemory ended jobs leave Redis at once; from 80 % ingress takes no new ones. */
const EARLY_ARCHIVE_SHARE = 0.6
/** Above this one archiving does not spare the machine any more. */
const HURRY_SHARE = 0.3

/** Composes the background process: each role runs in one process of the fleet at a time, the elected one. */
export async function startBackground(
  config: BackgroundConfig,
  env: NodeJS.ProcessEnv,
  options: { logger: Logger; telemetry: Telemetry },
): Promise<{ stop(): Promise<void> }> {
  const { logger, telemetry } = options
  const onError = (error: unknown, doing: string) => logger.error({ err: error }, doing)
  const connect = (role: ConnectionRole, name: string) =>
    connectRedis(config.redisUrl, { role, name, onError: (error) => onError(error, 'redis') })
  const [redis, subscriber, newsSubscriber, fleetSubscriber, masterSecret, blobs, catalog] = await Promise.all([
    connect('consumer', config.id),
    connect('subscriber', `${config.id}-hears`),
    connect('subscriber', `${config.id}-batches`),
    connect('subscriber', `${config.id}-fleet`),
    openMasterSecret({ given: config.secret, dataDir: config.dataDir }),
    openBlobStore(config.blobs),
    watchCatalog({ file: config.catalogFile, env, logger }),
  ])
  await checkPolicy(redis)
  const producer = createProducer({ redis })
  const broker: Broker = {
    jobs: { redis, blobs },
    producer,
    publisher: new LivePublisher(redis),
    limitsOf: (deployment) => catalog.current().deployments.get(deployment)?.limits,
    onError,
    metrics: telemetry.metrics,
  }
  const numbers = startNumbersPublisher({
    redis,
    id: config.id,
    role: 'background',
    metrics: telemetry.metrics,
    onError: (error) => onError(error, 'publish numbers'),
  })

  let fullness = 0
  let sweptAtMs = performance.now()
  let outage = { ms: 0, untilMs: 0 }
  const archiver = createArchiver(broker, () => fullness > HURRY_SHARE)
  const rollCall = createRollCall(broker)
  const roles: [name: string, everyMs: number, act: () => Promise<boolean>][] = [
    [
      'sweeper',
      SWEEP_EVERY_MS,
      async () => {
        fullness = await memoryUse(redis)
        const sweepAtMs = performance.now()
        const goneMs = sweepAtMs - sweptAtMs
        if (goneMs > OUTAGE_MS) outage = { ms: goneMs, untilMs: sweepAtMs + GRACE_FOR_MS }
        const more = await sweep(broker, archiver, {
          early: fullness > EARLY_ARCHIVE_SHARE,
          leaseGraceMs: sweepAtMs < outage.untilMs ? Math.min(outage.ms, LEASE_MS) : 0,
          rollCall,
        })
        sweptAtMs = performance.now()
        return more
      },
    ],
    [
      'outbox',
      OUTBOX_EVERY_MS,
      async () => {
        const rows = await listOutbox(broker.jobs, OUTBOX_GRACE_MS)
        await runOutbox(broker, rows)
        return false
      },
    ],
    [
      'orphans',
      COLLECT_EVERY_MS,
      async () => {
        const collected = await collectOrphans(blobs, ownerKinds(broker.jobs))
        if (collected > 0) logger.info({ collected }, 'collected orphaned blobs')
        return false
      },
    ],
  ]
  const leaderships = roles.map(([role, everyMs, act]) =>
    startLeadership({
      redis,
      role,
      id: config.id,
      onGain: (signal) => {
        logger.info({ role }, 'leads')
        repeat(everyMs, signal, act, (error) => onError(error, role))
      },
      onError: (error) => onError(error, `lead as ${role}`),
    }),
  )
  const listener = openChannelListener(subscriber, (error) => onError(error, 'listen'))
  const egress = createEgress({ allowLoopback: config.allowLoopback })
  leaderships.push(
    startLeadership({
      redis,
      role: 'webhooks',
      id: config.id,
      onGain: (signal) => {
        logger.info({ role: 'webhooks' }, 'leads')
        return deliverWebhooks({ redis, listener, egress, masterSecret, telemetry, logger, signal })
      },
      onError: (error) => onError(error, 'lead as webhooks'),
    }),
  )

  const fleet = startFleetWatch({
    redis,
    subscriber: fleetSubscriber,
    onError: (error) => onError(error, 'watch the fleet'),
  })
  const caching = startPromptCaching({ redis, onError: (error) => onError(error, 'learn how prompts begin') })
  const health = startHealthWatch({
    redis,
    subscriber: fleetSubscriber,
    providerOf: (deployment) => catalog.current().deployments.get(deployment)?.provider.name,
    onError: (error) => onError(error, 'watch health'),
  })
  const outputs = createOutputLengths(redis, (error) => onError(error, 'read output lengths'))
  const feeding = await startBatchFeeding({
    id: config.id,
    broker,
    subscriber: newsSubscriber,
    fleet: () => ({
      catalog: catalog.current(),
      ...unseenFleet(fleet.deployments()),
      observed: health.observed,
      typicalOutput: outputs.typical,
      caching,
    }),
    files: outputFiles(redis),
    fullness: () => memoryShare(redis),
    onEnded: (batch) => tellBatchEnd(redis, batch),
  })

  let stopping: Promise<void> | null = null
  async function stopAll(): Promise<void> {
    catalog.stop()
    caching.watch.stop()
    await Promise.all([feeding.stop(), ...leaderships.map((leadership) => leadership.stop())])
    await Promise.all([fleet.stop(), health.stop()])
    await archiver.stop()
    await numbers.stop()
    await egress.stop()
    listener.stop()
    await Promise.all([redis, subscriber, newsSubscriber, fleetSubscriber].map((client) => disconnectRedis(client)))
  }
  return {
    stop() {
      stopping ??= stopAll()
      return stopping
    },
  }
}
