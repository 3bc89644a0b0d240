import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { fleetKeys } from './keys.ts'
import { LAPSE_MS, REFRESH_MS, type Role, type WorkerFacts } from './member.ts'
import { settledWithin } from './settled-within.ts'

const MAX_BYTES = 256 * 1024
const STOP_MS = 1_000

// Whoever refreshes also clears away those that lapsed, and says so if anything is different from before.
const ANNOUNCE = defineScript(
  'fleet-announce',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local changed = redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2]
if changed then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
redis.call('ZADD', KEYS[2], nowMs + ARGV[3], ARGV[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', nowMs, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[1], id)
  changed = true
end
if changed then redis.call('SPUBLISH', KEYS[3], ARGV[1]) end
return 0`,
)

const LEAVE = defineScript(
  'fleet-leave',
  `
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then redis.call('SPUBLISH', KEYS[3], ARGV[1]) end
return 0`,
)

export interface Announcement {
  /** Announces what `facts` says now. Rejects with `service_unavailable` when Redis did not confirm it. */
  refresh(): Promise<void>
  /** Takes the announcement back at once; with Redis away it gives up after 1 s and leaves it to lapse. Never rejects. */
  stop(): Promise<void>
}

/**
 * Says that this process is alive and what it can serve, until `stop()`: now, on `refresh()`, and every 5 s.
 * Everybody who watches is told when its facts are new to them or it leaves.
 */
export function startAnnouncement(options: {
  redis: RedisClient
  /** Of this process alone. */
  id: string
  role: Role
  /** Read at each refresh. No secrets: it is kept in Redis and read by every process. */
  facts: () => WorkerFacts
  onError: (error: Error) => void
  prefix?: string
}): Announcement {
  const { redis, id, role, facts, onError } = options
  const { members, expiries, channel } = fleetKeys(options.prefix)
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null
  let stopped: Promise<void> | null = null

  async function announce(): Promise<void> {
    waiting = null
    if (stopped !== null) return
    const json = JSON.stringify({ ...facts(), id, role })
    if (json.length > MAX_BYTES) throw new BrokerError('internal_error', 'a process announces too many deployments')
    await confirmed(runScript(redis, ANNOUNCE, [members, expiries, channel], [id, json, LAPSE_MS]))
  }

  /** One after the other, so that older facts never overwrite newer ones; whoever asks while one waits shares it. */
  function refresh(): Promise<void> {
    waiting ??= last.catch(() => {}).then(announce)
    last = waiting
    return last
  }

  function tick(): void {
    if (waiting === null) refresh().catch(onError)
  }
  tick()
  const timer = setInterval(tick, REFRESH_MS)

  return {
    refresh,
    stop() {
      stopped ??= (async () => {
        clearInterval(timer)
        // A refresh that is under way goes first, or it would bring the announcement back.
        const left = last.catch(() => {}).then(() => runScript(redis, LEAVE, [members, expiries, channel], [id]))
        await settledWithin(confirmed(left), STOP_MS).catch(onError)
      })()
      return stopped
    },
  }
}

async function confirmed(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (cause) {
    throw new BrokerError('service_unavailable', 'Redis did not confirm an announcement', {
      retryAfterMs: 1_000,
      cause,
    })
  }
}
