import type { AddressInfo } from 'node:net'
import { createAuthenticator } from '@switchyard/accounts/authenticate'
import { ensureDevelopmentProject } from '@switchyard/accounts/bootstrap'
import { createFailedAuthLimit } from '@switchyard/accounts/failed-auth-limit'
import { createKeyStore } from '@switchyard/accounts/key-store'
import { createOutputLengths } from '@switchyard/accounts/output-lengths'
import { readWeight } from '@switchyard/accounts/project-weight'
import { openBlobStore } from '@switchyard/blobs/open-blob-store'
import type { Broker } from '@switchyard/broker/broker'
import { startPromptCaching } from '@switchyard/broker/prompt-cache/prompt-caching'
import { effectsDone } from '@switchyard/broker/run-effects'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { watchCatalog } from '@switchyard/catalog/watch-catalog'
import { newUlid } from '@switchyard/contract/ids'
import { startNumbersPublisher } from '@switchyard/fleet/numbers/publish-numbers'
import { startFleetWatch } from '@switchyard/fleet/watch'
import { startHealthWatch } from '@switchyard/health/watch'
import { LivePublisher } from '@switchyard/jobs/live-publisher'
import { startLiveReader } from '@switchyard/jobs/live-reader'
import { createProducer } from '@switchyard/lanes/producer'
import { startLaneWatch } from '@switchyard/lanes/watch-lanes'
import { openChannelListener } from '@switchyard/notifications/channel-listener'
import { openMasterSecret } from '@switchyard/notifications/master-secret'
import { checkPolicy } from '@switchyard/redis/check-policy'
import { type ConnectionRole, connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import type { Telemetry } from '@switchyard/telemetry/start-telemetry'
import { type Bounds, buildApp, DEFAULT_BOUNDS } from './app.ts'
import { watchBatches } from './batches/watch-batches.ts'
import { startIntake } from './chat/start-intake.ts'
import { drain } from './drain.ts'
import { uploadSlots } from './files/upload-slots.ts'
import type { Ingress } from './ingress.ts'
import { openWaits } from './open-waits.ts'
import { quotasOf } from './quotas-of.ts'
import { rarely } from './rarely.ts'
import type { Environment } from './read-environment.ts'
import { openStreams, type StreamLimits } from './sse/open-streams.ts'
import { watchMemory } from './watch-memory.ts'

const EFFECTS_PATIENCE_MS = 500

export interface RunningIngress {
  /** Where it listens: `http://127.0.0.1:8080`. */
  url: string
  /** Drains (drain.ts) and lets go of everything. Safe twice. */
  stop(): Promise<void>
}

/** What is not the operator's to set. */
export interface Tuning {
  bounds: Bounds
  streams: StreamLimits
  holdMs: number
}

const DEFAULT_TUNING: Tuning = {
  bounds: DEFAULT_BOUNDS,
  streams: { perKey: 5_000, perJob: 100 },
  holdMs: 10_000,
}

/** Composes the public listener and starts it. Rejects when Redis can't be reached, evicts, or when the catalog is not valid. */
export async function startIngress(
  environment: Environment,
  options: { logger: Logger; telemetry: Telemetry; env: NodeJS.ProcessEnv; tuning?: Partial<Tuning> },
): Promise<RunningIngress> {
  const { logger, telemetry } = options
  const tuning = { ...DEFAULT_TUNING, ...options.tuning }
  const id = `in-${newUlid()}`
  // With Redis away every request brings the same.
  const mayLog = rarely(1_000)
  const onError = (err: unknown, doing: string) => mayLog(doing) && logger.error({ err }, doing)
  const onRedisError = (err: unknown) => mayLog('redis') && logger.warn({ err }, 'redis')

  const catalog = await watchCatalog({ file: environment.catalogFile, env: options.env, logger })
  const connect = (role: ConnectionRole, name: string) =>
    connectRedis(environment.redisUrl, { role, name, onError: onRedisError })
  const [redis, liveSubscriber, fleetSubscriber, channelSubscriber, newsSubscriber, masterSecret, blobs] =
    await Promise.all([
      connect('producer', id),
      connect('subscriber', `${id}-live`),
      connect('subscriber', `${id}-fleet`),
      connect('subscriber', `${id}-channels`),
      connect('subscriber', `${id}-batches`),
      openMasterSecret({ given: environment.secret, dataDir: environment.dataDirectory }),
      openBlobStore(environment.blobs),
    ])
  await checkPolicy(redis)
  if (environment.apiKey !== undefined) await ensureDevelopmentProject(redis, environment.apiKey)

  const jobs = { redis, blobs }
  const producer = createProducer({ redis })
  const broker: Broker = {
    jobs,
    producer,
    publisher: new LivePublisher(redis),
    limitsOf: (deployment) => catalog.current().deployments.get(deployment)?.limits,
    onError,
    metrics: telemetry.metrics,
  }
  const live = await startLiveReader({
    jobs,
    subscriber: liveSubscriber,
    id,
    onError: (error) => onError(error, 'follow jobs'),
  })
  const fleet = startFleetWatch({
    redis,
    subscriber: fleetSubscriber,
    onError: (error) => onError(error, 'watch the fleet'),
  })
  const health = startHealthWatch({
    redis,
    subscriber: fleetSubscriber,
    providerOf: (deployment) => catalog.current().deployments.get(deployment)?.provider.name,
    onError: (error) => onError(error, 'watch health'),
  })
  await Promise.all([fleet.ready, health.ready])
  const memory = watchMemory(redis)
  const quotas = quotasOf(() => catalog.current())
  const lanes = startLaneWatch({
    redis,
    lanes: () => quotas().keys(),
    quotaOf: (lane) => quotas().get(lane) ?? null,
    onError: (error) => onError(error, 'look at the lanes'),
  })
  const streams = openStreams(tuning.streams)
  telemetry.metrics.gauge('switchyard_streams_open').follow({}, () => streams.count())
  const intake = startIntake()
  const listener = openChannelListener(channelSubscriber, (error) => onError(error, 'listen'))
  const caching = startPromptCaching({ redis, onError: (error) => onError(error, 'learn how prompts begin') })
  const outputs = createOutputLengths(redis, (error) => onError(error, 'read output lengths'))
  let draining = false
  const ingress: Ingress = {
    broker,
    live,
    redis,
    catalog: () => ({ current: catalog.current(), loadedAtMs: catalog.loadedAtMs() }),
    fleet: () => ({
      catalog: catalog.current(),
      ...unseenFleet(fleet.deployments()),
      observed: health.observed,
      typicalOutput: outputs.typical,
      predictedWaitMs: lanes.predictedWaitMs,
      caching,
    }),
    lanes,
    authenticator: createAuthenticator({
      keyStore: createKeyStore({ redis }),
      weightOf: (project) => readWeight(redis, project),
    }),
    failedAuth: createFailedAuthLimit(),
    memory,
    notifications: { redis, masterSecret },
    listener,
    webhookRules: { allowLoopback: environment.webhookLoopback },
    intake,
    streams,
    waits: openWaits(),
    files: { redis, blobs },
    batches: await watchBatches(newsSubscriber),
    uploads: uploadSlots(),
    caching,
    isDraining: () => draining,
    telemetry,
    logger,
    holdMs: tuning.holdMs,
  }
  const app = await buildApp(ingress, tuning.bounds)
  await app.listen({ host: environment.host, port: environment.port })

  const numbers = startNumbersPublisher({
    redis,
    id,
    role: 'ingress',
    metrics: telemetry.metrics,
    onError: (error) => onError(error, 'publish numbers'),
  })

  async function stop(): Promise<void> {
    draining = true
    await drain(app, ingress, environment.drainMs)
    catalog.stop()
    memory.stop()
    lanes.stop()
    caching.watch.stop()
    streams.stop()
    listener.stop()
    await effectsDone(broker, EFFECTS_PATIENCE_MS)
    await Promise.all([numbers.stop(), intake.stop(), live.stop(), fleet.stop(), health.stop()])
    // What was sent without waiting (a reader that leaves) goes out before the connection ends.
    await redis.ping().catch(() => {})
    const clients = [redis, liveSubscriber, fleetSubscriber, channelSubscriber, newsSubscriber]
    await Promise.all(clients.map((client) => disconnectRedis(client)))
  }

  let stopping: Promise<void> | undefined
  return {
    url: urlOf(app.server.address() as AddressInfo, environment.host),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

function urlOf(address: AddressInfo, host: string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}
