import { timeOfJobId } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { parseDeliveryId } from './delivery.ts'
import type { LaneDepth } from './depth.ts'
import { LANE_PREFIX, laneKeys } from './keys.ts'

/** How many of the next to be served are looked at for the oldest. */
const LOOKED_AT = 100

export interface LaneSurvey extends LaneDepth {
  /** When the oldest of the next hundred that wait, and of the next hundred that are put off, was accepted, epoch ms; null: none is there. */
  oldestAtMs: number | null
}

// Ids begin with the moment of acceptance: the smallest is the oldest.
const SURVEY = defineScript(
  'lane-survey',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local last = ARGV[1] - 1
local oldest = ''
for _, ids in ipairs({
  redis.call('ZRANGE', KEYS[2], 0, last), redis.call('ZRANGE', KEYS[3], 0, last), redis.call('LRANGE', KEYS[1], -ARGV[1], -1)
}) do
  for _, id in ipairs(ids) do if oldest == '' or id < oldest then oldest = id end end
end
return {
  redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]),
  redis.call('ZCARD', KEYS[3]),
  redis.call('LLEN', KEYS[4]),
  redis.call('ZCOUNT', KEYS[3], '-inf', (nowMs + 1) * 4096 - 1),
  oldest,
}`,
)

/** What waits in lanes, for people who watch: one short script each, in as few writes as there are nodes. Rejects if one fails. */
export async function surveyLanes(
  redis: RedisClient,
  lanes: readonly string[],
  prefix: string = LANE_PREFIX,
): Promise<LaneSurvey[]> {
  const replies = await pipelineBySlot(
    redis,
    lanes.map((lane) => {
      const { wait, prioritized, delayed, active } = laneKeys(lane, prefix)
      return scriptCommand(SURVEY, [wait, prioritized, delayed, active], [LOOKED_AT])
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    const [waiting, delayed, active, due, oldest] = value as [number, number, number, number, string]
    const delivery = parseDeliveryId(oldest)
    return { waiting, delayed, active, due, oldestAtMs: delivery === null ? null : timeOfJobId(delivery.jobId) }
  })
}
