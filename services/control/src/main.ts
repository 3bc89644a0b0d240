import { createLogger } from '@switchyard/telemetry/logger'
import { readEnvironment } from './read-environment.ts'
import { startControl } from './start-control.ts'

const environment = readEnvironment(process.env)
const logger = createLogger({ service: 'control' })
process.on('uncaughtException', (err) => {
  logger.fatal({ err }, 'uncaught')
  process.exit(1)
})
const starting = startControl(environment, { logger, env: process.env })

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  const control = await starting.catch(() => null)
  await control?.stop()
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
