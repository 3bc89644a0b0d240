import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createLogger } from '@switchyard/telemetry/logger'
import { keepApiKey } from './api-key.ts'
import { readCatalogFacts } from './catalog-facts.ts'
import { checkGivenRedis } from './check-given-redis.ts'
import { findControlPort } from './control-port.ts'
import { findFreePort, requireFreePort } from './free-port.ts'
import { type ManagedRedis, startManagedRedis } from './managed-redis.ts'
import { needsSimulator } from './needs-simulator.ts'
import { readyMessage } from './ready-message.ts'
import { listServices, type ServiceFiles } from './services.ts'
import { lockDataDir } from './stack-lock.ts'
import { readSettings, SettingsError } from './stack-settings.ts'
import { onStopRequest } from './stop-request.ts'
import { type Supervised, supervise } from './supervise.ts'
import { tellSimulator } from './tell-simulator.ts'
import { waitUntilReady } from './wait-until-ready.ts'
import { startWatchdog } from './watchdog.ts'

/** Services are killed a second after their time to drain, but never later than this; Redis follows: all is gone within 10 s. */
const SERVICES_END_MS = 9000
const REDIS_ENDS_MS = 9700
const READY_PATIENCE_MS = 120_000
/** A stack that was killed leaves services that drain this long and hold its port. */
const STALE_PATIENCE_MS = 10_000

/**
 * One stack from start to end: lock the data directory, Redis, services all at once, the ready lines, then wait for a signal
 * (or for the death of whoever started us) and stop in order. Resolves to the exit code.
 *
 * @param root the checkout; `files` are the services' main files in it
 */
export async function runStack(root: string, env: NodeJS.ProcessEnv, files: ServiceFiles): Promise<number> {
  const log = createLogger({ service: 'stack', fd: 2 })
  const running: Supervised[] = []
  let redis: ManagedRedis | undefined
  let lock: { release(): Promise<void> } | undefined
  let graceMs = SERVICES_END_MS
  const stopRequest = onStopRequest()
  const watchdog = startWatchdog(SERVICES_END_MS / 1000)

  const stop = async (): Promise<void> => {
    const since = performance.now()
    const left = (limitMs: number) => Math.max(0, limitMs - (performance.now() - since))
    stopRequest.onHurry(() => running.forEach((service) => void service.stop(0)))
    await Promise.all(running.map((service) => service.stop(graceMs)))
    await redis?.stop(left(REDIS_ENDS_MS))
    await lock?.release()
    watchdog.stop()
    stopRequest.dispose()
  }

  try {
    const settings = readSettings(env, root)
    graceMs = Math.min(settings.drainMs + 1000, SERVICES_END_MS)
    await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
    const held = await lockDataDir(settings.dataDir)
    lock = held
    const facts = readCatalogFacts(settings.catalogFile)
    if (settings.redisUrl === null) {
      redis = await startManagedRedis({
        server: settings.redisServer,
        configFile: join(root, 'infra/redis.conf'),
        dataDir: settings.dataDir,
        fsyncAlways: settings.fsyncAlways,
        log,
        watchdog,
      })
    } else await checkGivenRedis(settings.redisUrl)
    const patienceMs = held.stale ? STALE_PATIENCE_MS : 0
    await requireFreePort(settings.port, settings.host, patienceMs)
    const controlPort = await findControlPort(settings, patienceMs, log)

    const apiKey = await keepApiKey(settings.dataDir, settings.apiKey)
    const { credentialVariables, exampleModel } = await facts
    const isSimulated = needsSimulator(settings.simulator, credentialVariables, env)
    const simulatorPort = isSimulated ? await findFreePort() : null
    await tellSimulator(settings.dataDir, simulatorPort)
    await redis?.answering(stopRequest.signal)

    const redisUrl = redis?.url ?? settings.redisUrl ?? ''
    const services = listServices({
      settings,
      controlPort,
      redisUrl,
      apiKey,
      simulatorPort,
      credentialVariables,
      env,
      files,
    })
    for (const { name, file, nodeOptions = [], env: given, readyLine } of services) {
      const command = { command: process.execPath, args: [...nodeOptions, file], directory: root }
      running.push(supervise({ name, ...command, env: given, readyLine, kind: 'service' }, log, watchdog))
    }
    const url = await readyUrl(running, settings, stopRequest.signal)
    const simulatedFor = isSimulated ? credentialVariables : null
    const controlUrl = `http://${shownHost(settings.controlHost)}:${controlPort}`
    process.stdout.write(`${readyMessage({ url, controlUrl, apiKey, model: exampleModel, simulatedFor })}\n`)
    await stopRequest.requested
    await stop()
    return 0
  } catch (error) {
    const wasAsked = stopRequest.signal.aborted
    if (!wasAsked) {
      if (error instanceof SettingsError) process.stderr.write(`\nswitchyard: ${error.message}\n`)
      else log.fatal({ err: error }, 'the stack does not start')
    }
    await stop()
    return wasAsked ? 0 : 1
  }
}

/** Waits until ingress of this stack (and not a stranger on its port) says so, and then until it means it. */
async function readyUrl(
  running: readonly Supervised[],
  settings: { host: string; port: number },
  signal: AbortSignal,
): Promise<string> {
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason))
  aborted.promise.catch(() => {})
  const timeout = setTimeout(
    () => aborted.reject(new Error('ingress did not start within 2 minutes')),
    READY_PATIENCE_MS,
  )
  const ingress = running.find((service) => service.name === 'ingress')
  const told = await Promise.race([ingress?.ready, aborted.promise]).finally(() => clearTimeout(timeout))
  const port = settings.port === 0 ? Number(new URL(told ?? '').port) : settings.port
  const url = `http://${shownHost(settings.host)}:${port}`
  await waitUntilReady(url, READY_PATIENCE_MS, signal)
  return url
}

/** An address that a client on this machine can use, for listeners on every address. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
