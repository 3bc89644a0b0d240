import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@switchyard/telemetry/logger'
import { askRedis } from './ask-redis.ts'
import { redisArguments } from './redis-arguments.ts'
import { prepareRedisPlace, redisPlace } from './redis-place.ts'
import { stopStaleRedis } from './stop-stale-redis.ts'
import { supervise } from './supervise.ts'
import type { Watchdog } from './watchdog.ts'

export interface ManagedRedis {
  url: string
  /** Resolves once it answers; a large file takes a while to load. Rejects when `signal` aborts. */
  answering(signal: AbortSignal): Promise<void>
  stop(graceMs: number): Promise<void>
}

/** Starts the stack's own Redis and keeps it running, on the same socket and files across restarts. */
export async function startManagedRedis(options: {
  server: string
  configFile: string
  dataDir: string
  fsyncAlways: boolean
  log: Logger
  watchdog: Watchdog
}): Promise<ManagedRedis> {
  const place = redisPlace(options.dataDir)
  await prepareRedisPlace(place)
  await stopStaleRedis(place, options.log)
  const redis = supervise(
    {
      name: 'redis',
      command: options.server,
      args: redisArguments(place, options.configFile, options.fsyncAlways),
      env: { PATH: process.env.PATH },
      directory: place.directory,
      kind: 'redis',
    },
    options.log,
    options.watchdog,
  )
  return {
    url: `unix://${place.socket.split('/').map(encodeURIComponent).join('/')}`,
    async answering(signal) {
      for (let waited = 1; ; waited++) {
        signal.throwIfAborted()
        const said = await askRedis({ path: place.socket }, ['PING']).catch((error: Error) => error.message)
        if (said === 'PONG') return
        // Every 5 s: a syntax error in its configuration also shows here, in Redis' own words above.
        if (waited % 500 === 0) options.log.warn({ said }, 'waiting for Redis')
        await sleep(10)
      }
    },
    stop: (graceMs) => redis.stop(graceMs),
  }
}
