import { createLogger } from '@switchyard/telemetry/logger'
import { startTelemetry } from '@switchyard/telemetry/start-telemetry'
import { readEnvironment } from './read-environment.ts'
import { startIngress } from './start-ingress.ts'

const environment = readEnvironment(process.env)
const logger = createLogger({
  service: 'ingress',
  secrets: environment.apiKey === undefined ? [] : [environment.apiKey],
})
process.on('uncaughtException', (err) => {
  logger.fatal({ err }, 'uncaught')
  process.exit(1)
})
const telemetry = await startTelemetry({
  service: 'ingress',
  version: '0.1.0',
  warn: (message) => logger.warn(message),
})
const starting = startIngress(environment, { logger, telemetry, env: process.env })

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  const ingress = await starting.catch(() => null)
  await ingress?.stop()
  await telemetry.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
// The supervisor is gone: nobody would stop us otherwise.
process.on('disconnect', () => void stop())

try {
  const { url } = await starting
  logger.info({ url }, 'listening')
  process.send?.({ type: 'ready', url })
} catch (err) {
  logger.fatal({ err }, 'can not start')
  process.exit(1)
}
