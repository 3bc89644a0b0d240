import { timeOfJobId } from '@switchyard/contract/ids'
import type { RedisClient } from '@switchyard/redis/connect'
import { pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { parseDeliveryId } from './delivery.ts'
import type { LaneDepth } from './depth.ts'
import { LANE_PREFIX, laneKeys } from './keys.ts'
import { TOKENS_PER_UNIT } from './turn.ts'

/** How many of the next to be served are looked at for the oldest, and how many projects for those that are ahead. */
const LOOKED_AT = 100

export interface LaneSurvey extends LaneDepth {
  /** When the oldest of the next hundred that wait, and of the next hundred that are put off, was accepted, epoch ms; null: none is there. */
  oldestAtMs: number | null
  /**
   * Projects whose last turn is ahead of the lane, the farthest first, a hundred at most: by how many tokens ÷ weight, which is what
   * they have waiting. Empty where nobody waits.
   */
  ahead: { project: string; tokens: number }[]
}

// Ids begin with the moment of acceptance: the smallest is the oldest. Where the lane stands is said in lua/place.lua.
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
local COUNTER, FIRST, MOVE_AT = 4294967296, 2, math.floor(2097151 * 0.75)
local first = redis.call('ZRANGE', KEYS[2], FIRST * COUNTER, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
local ahead = {}
if first[2] then
  local priority = math.floor(first[2] / COUNTER * 64) / 64
  local known = redis.call('ZMSCORE', KEYS[5], '', '+')
  local base, next_base = -(tonumber(known[1] or 0)), known[2] and -tonumber(known[2])
  local now = (next_base and priority < MOVE_AT and next_base or base) + priority - FIRST
  local found = redis.call('ZREVRANGE', KEYS[5], 0, last, 'WITHSCORES')
  for i = 1, #found, 2 do
    if tonumber(found[i + 1]) > now and found[i] ~= '' and found[i] ~= '+' then
      ahead[#ahead + 1] = found[i]
      ahead[#ahead + 1] = string.format('%.3f', found[i + 1] - now)
    end
  end
end
return {
  redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]),
  redis.call('ZCARD', KEYS[3]),
  redis.call('LLEN', KEYS[4]),
  redis.call('ZCOUNT', KEYS[3], '-inf', (nowMs + 1) * 4096 - 1),
  oldest,
  ahead,
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
      const { wait, prioritized, delayed, active, fair } = laneKeys(lane, prefix)
      return scriptCommand(SURVEY, [wait, prioritized, delayed, active, fair], [LOOKED_AT])
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    const [waiting, delayed, active, due, oldest, ahead] = value as [number, number, number, number, string, string[]]
    const delivery = parseDeliveryId(oldest)
    const oldestAtMs = delivery === null ? null : timeOfJobId(delivery.jobId)
    return { waiting, delayed, active, due, oldestAtMs, ahead: parseAhead(ahead) }
  })
}

/** Project, then units, over and over. */
function parseAhead(reply: readonly string[]): LaneSurvey['ahead'] {
  const ahead: LaneSurvey['ahead'] = []
  for (let i = 0; i < reply.length; i += 2) {
    ahead.push({ project: reply[i]!, tokens: Math.round(Number(reply[i + 1]) * TOKENS_PER_UNIT) })
  }
  return ahead
}
