import type { WaitsFor } from '@switchyard/contract/waiting-for'
import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { LANE_PREFIX, laneKeys } from './keys.ts'
import { encodeReport } from './lane-report.ts'

const EVERY_MS = 1_000
/** Reports of workers that are gone are swept out now and then, and all of a lane that nobody serves expire. */
const KEPT_MS = 60_000
const SWEEP_SHARE = 1 / 60

// KEYS report; ARGV worker, report, keptMs, sweep 0|1
const REPORT = defineScript(
  'lane-report',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[4] == '1' then
  local reports = redis.call('HGETALL', KEYS[1])
  for i = 1, #reports, 2 do
    local at = tonumber(string.match(reports[i + 1], '^%d+') or 0)
    if at < now - ARGV[3] then redis.call('HDEL', KEYS[1], reports[i]) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d ', now) .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
)

/** Each lane that is served, with why it is not fetched from just now. */
type Gates = Map<string, { closedUntilMs: number; waitingFor: WaitsFor } | null>

export interface LaneReports {
  /** A delivery of the lane is being worked on: it has its capacity. Once for each. */
  started(lane: string, tokens: number): void
  /** From now on. */
  start(gates: () => Gates): void
  stop(): void
}

/** Tells once a second what this worker does with the lanes that it serves: one script for each of them, whatever their load. */
export function createLaneReports(options: {
  redis: RedisClient
  worker: string
  onError(error: unknown): void
  prefix?: string
  everyMs?: number
}): LaneReports {
  const { redis, worker, onError, prefix = LANE_PREFIX, everyMs = EVERY_MS } = options
  const counts = new Map<string, { starts: number; tokens: number }>()

  async function report(served: Gates): Promise<void> {
    const nowMs = Date.now()
    for (const lane of counts.keys()) if (!served.has(lane)) counts.delete(lane)
    const replies = await pipelineBySlot(
      redis,
      Array.from(served, ([lane, gate]) => {
        const text = encodeReport({
          ...(counts.get(lane) ?? { starts: 0, tokens: 0 }),
          gate: gate && { closedForMs: Math.max(0, gate.closedUntilMs - nowMs), waitingFor: gate.waitingFor },
        })
        const sweep = Math.random() < SWEEP_SHARE ? 1 : 0
        return scriptCommand(REPORT, [laneKeys(lane, prefix).report], [worker, text, KEPT_MS, sweep])
      }),
    )
    const failed = replies.find(({ error }) => error !== null)
    if (failed) onError(failed.error)
  }

  let busy = false
  let timer: NodeJS.Timeout | undefined

  return {
    started(lane, tokens) {
      const count = counts.get(lane)
      if (!count) counts.set(lane, { starts: 1, tokens })
      else {
        count.starts++
        count.tokens += tokens
      }
    },
    start(gates) {
      timer = setInterval(() => {
        if (busy) return
        busy = true
        report(gates())
          .catch(onError)
          .finally(() => {
            busy = false
          })
      }, everyMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}
