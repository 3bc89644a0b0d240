import { createLogger } from '@switchyard/telemetry/logger'
import { startTelemetry } from '@switchyard/telemetry/start-telemetry'
import { startWorker } from './app.ts'
import { readConfig } from './config.ts'

const config = readConfig(process.env)
const logger = createLogger({ service: config.suspect ? 'suspect' : 'worker', level: config.logLevel })
const telemetry = await startTelemetry({
  service: 'worker',
  version: '0.1.0',
  env: process.env,
  warn: (message) => logger.warn(message),
})
const worker = await startWorker(config, process.env, logger, telemetry)
process.send?.({ type: 'ready' })

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await worker.stop()
  await telemetry.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
// The supervisor is gone: nobody would stop us otherwise.
process.on('disconnect', () => void stop())
