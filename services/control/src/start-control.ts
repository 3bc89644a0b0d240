import type { AddressInfo } from 'node:net'
import { createAuthenticator } from '@switchyard/accounts/authenticate'
import { createKeyStore } from '@switchyard/accounts/key-store'
import { watchCatalog } from '@switchyard/catalog/watch-catalog'
import { newUlid } from '@switchyard/contract/ids'
import { startNumbersPublisher } from '@switchyard/fleet/numbers/publish-numbers'
import { readNumbers } from '@switchyard/fleet/numbers/read-numbers'
import { startHealthWatch } from '@switchyard/health/watch'
import { type ConnectionRole, connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import type { Logger } from '@switchyard/telemetry/logger'
import { createMetrics } from '@switchyard/telemetry/metric-registry'
import { buildApp } from './app.ts'
import { isLoopback } from './loopback.ts'
import { openPage } from './metrics/page.ts'
import { reuse } from './metrics/reuse.ts'
import type { Environment } from './read-environment.ts'
import { listSources } from './sources/list-sources.ts'

/** Members that have gone are put together even if nobody asks for the page. */
const TIDY_EVERY_MS = 60_000
/** Less than a page is fresh: every page has numbers of its own. */
const SHARED_MS = 500

export interface RunningControl {
  /** Where it listens: `http://127.0.0.1:8081`. */
  url: string
  /** Answers what is under way, at most 2 s long, and lets go of everything. Safe twice. */
  stop(): Promise<void>
}

/** Composes the control listener and starts it. Rejects when Redis can't be reached, or when the catalog is not valid. */
export async function startControl(
  environment: Environment,
  options: { logger: Logger; env: NodeJS.ProcessEnv },
): Promise<RunningControl> {
  const { logger } = options
  const id = `co-${newUlid()}`
  const onError = (err: unknown, doing: string) => logger.warn({ err }, doing)
  const catalog = await watchCatalog({ file: environment.catalogFile, env: options.env, logger })
  const connect = (role: ConnectionRole, name: string) =>
    connectRedis(environment.redisUrl, { role, name, onError: (error) => onError(error, 'redis') })
  const [redis, subscriber] = await Promise.all([connect('producer', id), connect('subscriber', `${id}-health`)])
  const numbers = startNumbersPublisher({
    redis,
    id,
    role: 'control',
    metrics: createMetrics(),
    onError: (error) => onError(error, 'publish numbers'),
  })
  const health = startHealthWatch({
    redis,
    subscriber,
    providerOf: (deployment) => catalog.current().deployments.get(deployment)?.provider.name,
    onError: (error) => onError(error, 'watch health'),
  })
  const reading = {
    redis,
    health,
    catalog: () => catalog.current(),
    numbers: reuse(() => readNumbers(redis), SHARED_MS),
  }
  const page = openPage(listSources(reading), (error, source) => onError(error, `read ${source}`))
  const tidy = setInterval(() => void page.render(), TIDY_EVERY_MS)
  tidy.unref()
  const app = buildApp({
    page,
    logger,
    names: environment.names,
    // On this machine alone whoever can connect may read: Prometheus needs no key there.
    authenticator: isLoopback(environment.host) ? null : createAuthenticator({ keyStore: createKeyStore({ redis }) }),
  })
  await app.listen({ host: environment.host, port: environment.port })

  async function stop(): Promise<void> {
    clearInterval(tidy)
    catalog.stop()
    await app.close()
    await Promise.all([numbers.stop(), health.stop()])
    await Promise.all([disconnectRedis(subscriber), disconnectRedis(redis)])
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
