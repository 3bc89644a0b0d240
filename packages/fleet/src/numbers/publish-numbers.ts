import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { subtractSnapshot } from '@switchyard/telemetry/add-snapshots'
import type { Metrics, MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import { countProcess } from '@switchyard/telemetry/process-numbers'
import { numbersKeys } from '../keys.ts'
import { LAPSE_MS, REFRESH_MS } from '../member.ts'
import { settledWithin } from '../settled-within.ts'

const MAX_BYTES = 1024 * 1024
const MOST_MEMBERS = 500
const KEEP_MS = 7 * 24 * 3_600_000
const STOP_MS = 1_000

// KEYS numbers seen; ARGV id, JSON, 1 if it has published before, ms by which it counts as seen earlier, how long both keys are kept,
// how many members they hold at most. Gives 0, and does nothing, when what it published before has been added to those that have gone.
const PUBLISH = defineScript(
  'fleet-publish-numbers',
  `
if ARGV[3] == '1' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%.0f', nowMs - ARGV[4]), ARGV[1])
local over = redis.call('ZCARD', KEYS[2]) - ARGV[6]
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, over - 1)) do
    redis.call('ZREM', KEYS[2], id)
    redis.call('HDEL', KEYS[1], id)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1`,
)

export interface NumbersPublisher {
  /** Publishes what the process has counted by now. */
  publish(): Promise<void>
  /** Publishes a last time; with Redis away it gives up after 1 s. Never rejects. */
  stop(): Promise<void>
}

/**
 * Publishes what this process counts, in Redis, now and every 5 s until `stop()`: always all of it since its begin, so that one that fails is made
 * good by the next. Whoever wants to know the fleet's numbers adds them up (read-numbers.ts).
 *
 * A process that was silent for long (stopped, cut off) is taken for gone, and what it had published is kept with those that have gone.
 * When it is back it learns that, and from then on publishes only what it has counted since.
 */
export function startNumbersPublisher(options: {
  redis: RedisClient
  /** Of this process alone. */
  id: string
  role: string
  metrics: Metrics
  onError: (error: Error) => void
  prefix?: string
}): NumbersPublisher {
  const { redis, id, role, metrics, onError } = options
  const keys = numbersKeys(options.prefix)
  const count = countProcess(metrics, role)
  let published: MetricsSnapshot | null = null
  let kept: MetricsSnapshot = {}
  let last: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null
  let stopped: Promise<void> | null = null

  async function put(counted: MetricsSnapshot, leaves: boolean): Promise<boolean> {
    const json = JSON.stringify({ role, counted: subtractSnapshot(counted, kept) })
    if (json.length > MAX_BYTES) throw new Error(`${json.length} characters of numbers are too many`)
    const args = [id, json, published === null ? 0 : 1, leaves ? LAPSE_MS : 0, KEEP_MS, MOST_MEMBERS]
    return (await runScript(redis, PUBLISH, [keys.numbers, keys.seen], args)) === 1
  }

  async function publishNow(leaves: boolean): Promise<void> {
    waiting = null
    count()
    const counted = metrics.snapshot()
    if (!(await put(counted, leaves))) {
      kept = published ?? {}
      published = null
      await put(counted, leaves)
    }
    published = counted
  }

  /** One after the other; whoever asks while one waits shares it. */
  function publish(leaves = false): Promise<void> {
    waiting ??= last.catch(() => {}).then(() => publishNow(leaves))
    last = waiting
    return last
  }

  function tick(): void {
    if (waiting === null) publish().catch(onError)
  }
  tick()
  const timer = setInterval(tick, REFRESH_MS)
  timer.unref()

  return {
    publish: () => publish(),
    stop() {
      stopped ??= (async () => {
        clearInterval(timer)
        await settledWithin(
          last.catch(() => {}).then(() => publish(true)),
          STOP_MS,
        ).catch(onError)
      })()
      return stopped
    },
  }
}
