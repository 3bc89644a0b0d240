import { hostname } from 'node:os'
import { openBlobStore } from '@switchyard/blobs/open-blob-store'
import type { Broker } from '@switchyard/broker/broker'
import { cancel } from '@switchyard/broker/cancel'
import { effectsDone } from '@switchyard/broker/run-effects'
import type { Catalog } from '@switchyard/catalog/catalog'
import { watchCatalog } from '@switchyard/catalog/watch-catalog'
import { startAnnouncement } from '@switchyard/fleet/announce'
import { startNumbersPublisher } from '@switchyard/fleet/numbers/publish-numbers'
import { renewProbes } from '@switchyard/health/probe'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { LogWriter } from '@switchyard/jobs/log-writer'
import { startInbox } from '@switchyard/jobs/worker-inbox'
import { createProducer } from '@switchyard/lanes/producer'
import { createLaneReports } from '@switchyard/lanes/report-lanes'
import { renewLeases } from '@switchyard/limits/renew-leases'
import { createTransport } from '@switchyard/providers/transport'
import { checkPolicy } from '@switchyard/redis/check-policy'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import { createCalibration } from './calibration.ts'
import type { WorkerConfig } from './config.ts'
import { createTrials } from './confirm-trials.ts'
import { createHedgeBudget } from './hedge-budget.ts'
import { Holds } from './holds.ts'
import { createLessons } from './lessons.ts'
import { createPools } from './pools.ts'
import { startIdleProbes } from './probe-idle.ts'
import { runDelivery } from './run-delivery.ts'
import { createSlotWaits } from './slot-waits.ts'
import { toldWaits } from './told-waits.ts'
import { resolveUpstreams } from './upstreams.ts'
import type { WorkerContext } from './worker-context.ts'
import { startWorkerHealth } from './worker-health.ts'

const EFFECTS_PATIENCE_MS = 500

export interface RunningWorker {
  /** Stops claiming, lets running calls finish within the drain budget, hands the rest back. Safe twice. */
  stop(): Promise<void>
}

/** Composes a worker process and starts it; resolves when it consumes and has announced what it can serve. */
export async function startWorker(
  config: WorkerConfig,
  env: NodeJS.ProcessEnv,
  logger: Logger,
  telemetry: Telemetry,
): Promise<RunningWorker> {
  const onError = (error: unknown, doing: string) => logger.error({ err: error }, doing)
  const onRedisError = (error: unknown) => onError(error, 'redis')
  let adapt: (next: Catalog) => void = () => {}
  const catalog = await watchCatalog({ file: config.catalogFile, env, logger, onChange: (next) => adapt(next) })
  let upstreams = resolveUpstreams(catalog.current(), env, config.simulatorUrl)
  for (const { provider, variable } of upstreams.missing) {
    logger.warn({ provider, variable, simulated: config.simulatorUrl !== null }, 'provider has no credential')
  }

  const [redis, subscriber, blobs] = await Promise.all([
    connectRedis(config.redisUrl, { role: 'consumer', name: config.owner, onError: onRedisError }),
    connectRedis(config.redisUrl, { role: 'subscriber', name: `${config.owner}-inbox`, onError: onRedisError }),
    openBlobStore(config.blobs),
  ])
  await checkPolicy(redis)

  const publisher = new LivePublisher(redis)
  const producer = createProducer({ redis })
  const lessons = createLessons()
  const broker: Broker = {
    jobs: { redis, blobs },
    producer,
    publisher,
    limitsOf: (deployment) => upstreams.catalog.deployments.get(deployment)?.limits,
    limiterClock: { minuteMs: config.quotaMinuteMs },
    statedWith: (lease) => lessons.take(lease),
    onCallEnded(deployment) {
      worker.slotWaits.freed(deployment)
      pools.freed(deployment)
    },
    onError,
    metrics: telemetry.metrics,
  }
  const holds = new Holds({
    jobs: broker.jobs,
    owner: config.owner,
    onOrphan: (jobId) => void cancel(broker, jobId).catch((error) => onError(error, 'cancel an orphan')),
    onRenewed: (held) => {
      renewLeases(
        redis,
        held.flatMap(({ leases }) => leases),
        broker.limiterClock,
      ).catch((error) => onError(error, 'renew limits'))
      renewProbes(
        redis,
        held.flatMap(({ probes }) => probes),
      ).catch((error) => onError(error, 'renew probes'))
    },
    onError: (error) => onError(error, 'renew leases'),
  })
  const trials = createTrials(broker.jobs, (error) => onError(error, 'show an attempt'))
  const transport = createTransport()
  const lanes = createLaneReports({
    redis,
    worker: config.owner,
    onError: (error) => onError(error, 'report on lanes'),
  })
  const health = await startWorkerHealth({
    redis,
    subscriber,
    upstreams: () => upstreams,
    onError: (error) => onError(error, 'health'),
  })
  const worker: WorkerContext = {
    broker,
    logs: new LogWriter(redis, publisher, (tookMs, rows) => {
      telemetry.metrics.histogram('switchyard_log_flush_seconds').observe({}, tookMs / 1_000)
      telemetry.metrics.counter('switchyard_log_rows_total').add({}, rows)
    }),
    transport,
    upstreams: () => upstreams,
    holds,
    trials,
    health,
    restUntil: new Map(),
    toldWaits: toldWaits(),
    hedges: createHedgeBudget(),
    slotWaits: createSlotWaits(),
    lanes,
    lessons,
    calibration: createCalibration(),
    giveWay: () => pools.giveWay(),
    owner: config.owner,
    suspect: config.suspect,
    logger,
    telemetry,
  }
  const role = config.suspect ? 'suspect' : 'worker'
  telemetry.metrics.gauge('switchyard_jobs_running').follow({ role }, () => holds.size)
  await startInbox(subscriber, config.owner, {
    onCancel: (jobId) => holds.onCancel(jobId),
    onReader: (jobId, reader) => holds.onReader(jobId, reader),
  })

  const pools = createPools({
    redis,
    suspect: config.suspect,
    minuteMs: config.quotaMinuteMs,
    handle: (delivery, passage) => runDelivery(worker, delivery, passage),
    onError: (error) => onError(error, 'consume'),
  })
  await pools.adapt(upstreams)
  lanes.start(() => pools.gates())
  const startedAtMs = Date.now()
  const announcement = startAnnouncement({
    redis,
    id: config.owner,
    role,
    facts: () => ({
      deployments: [...upstreams.usable].map(([id, { upstream }]) => ({
        id,
        simulated: upstream.simulated,
        credential: 'resolved' as const,
      })),
      catalogRevision: upstreams.catalog.revision,
      startedAtMs,
      pid: process.pid,
      host: hostname(),
    }),
    onError: (error) => onError(error, 'announce'),
  })
  const numbers = startNumbersPublisher({
    redis,
    id: config.owner,
    role,
    metrics: telemetry.metrics,
    onError: (error) => onError(error, 'publish numbers'),
  })
  adapt = (next) => {
    upstreams = resolveUpstreams(next, env, config.simulatorUrl)
    pools.adapt(upstreams).then(
      () => announcement.refresh(),
      (error) => onError(error, 'adapt to the catalog'),
    )
  }
  // It may have been edited since it was read.
  if (catalog.current() !== upstreams.catalog) adapt(catalog.current())
  await announcement.refresh()

  const probes = startIdleProbes({
    transport,
    usable: () => upstreams.usable.values(),
    health,
    onError: (error) => onError(error, 'probe'),
  })

  let stopping: Promise<void> | null = null
  async function drain(): Promise<void> {
    catalog.stop()
    void probes.stop()
    // First nobody plans with this worker any more, then it takes nothing new.
    await announcement.stop().catch((error) => onError(error, 'leave the fleet'))
    lanes.stop()
    const stopped = pools.stop()
    void holds.drain()
    const cut = setTimeout(() => holds.cut(), config.drainMs)
    await stopped
    await holds.idle()
    clearTimeout(cut)
    holds.stop()
    trials.stop()
    await effectsDone(broker, EFFECTS_PATIENCE_MS)
    await numbers.stop()
    await transport.stop()
    await health.stop()
    await Promise.all([disconnectRedis(subscriber), disconnectRedis(redis)])
  }
  return {
    stop() {
      stopping ??= drain()
      return stopping
    },
  }
}
