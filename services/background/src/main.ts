import { createLogger } from '@switchyard/telemetry/logger'
import { startBackground } from './app.ts'
import { readConfig } from './config.ts'

const config = readConfig(process.env)
const logger = createLogger({ service: 'background', level: config.logLevel })
const background = await startBackground(config, process.env, logger)
process.send?.({ type: 'ready' })

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await background.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
// The supervisor is gone: nobody would stop us otherwise.
process.on('disconnect', () => void stop())
