import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@switchyard/telemetry/logger'
import { processCommand } from './process-command.ts'
import type { RedisPlace } from './redis-place.ts'

const PATIENCE_MS = 10_000

/**
 * Ends a Redis that an earlier start left behind on our socket and files; two servers on one append-only file would ruin it.
 * Only a process that names our socket is touched: Redis writes it into its process title.
 */
export async function stopStaleRedis(place: RedisPlace, log: Logger): Promise<void> {
  const pid = Number(await readFile(place.pidFile, 'utf8').catch(() => ''))
  const isOurs = async () => (await processCommand(pid))?.includes(place.socket) === true
  if (!(await isOurs())) return
  log.warn({ pid }, 'stopping the Redis of an earlier start')
  process.kill(pid, 'SIGTERM')
  for (const deadline = performance.now() + PATIENCE_MS; await isOurs(); await sleep(20)) {
    if (performance.now() < deadline) continue
    process.kill(pid, 'SIGKILL')
    return
  }
}
