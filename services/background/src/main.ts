import { createLogger } from '@switchyard/telemetry/logger'
import { startTelemetry } from '@switchyard/telemetry/start-telemetry'
import { startBackground } from './app.ts'
import { readConfig } from './config.ts'

const config = readConfig(process.env)
const logger = createLogger({
  service: 'background',
  level: config.logLevel,
  secrets: config.secret === undefined ? [] : [config.secret],
})
const telemetry = await startTelemetry({
  service: 'background',
  version: '0.1.0',
  warn: (message) => logger.warn(message),
})
const background = await startBackground(config, process.env, { logger, telemetry })
process.send?.({ type: 'ready' })

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await background.stop()
  await telemetry.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
// The supervisor is gone: nobody would stop us otherwise.
process.on('disconnect', () => void stop())
