import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'
import { type Share, unitsOf } from './turn.ts'

// KEYS wait, prioritized, fair; ARGV project, units. As lua/place.lua has it, but that nothing changes; during a move it may be off.
const TURN_POSITION = defineScript(
  'lane-turn-position',
  `
local COUNTER, STEP, FIRST = 4294967296, 64, 2
local waiting = redis.call('LLEN', KEYS[1])
local first = redis.call('ZRANGE', KEYS[2], FIRST * COUNTER, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')[2]
if not first then return waiting + redis.call('ZCARD', KEYS[2]) end
local known = redis.call('ZMSCORE', KEYS[3], ARGV[1], '')
local base = -(tonumber(known[2] or 0))
local now = base + math.floor(first / COUNTER * STEP) / STEP - FIRST
local beginning = math.max(tonumber(known[1] or 0), now + math.max(ARGV[2] / 16, 1 / STEP))
local place = math.min(2097151, FIRST + math.floor((beginning - base) * STEP) / STEP)
return waiting + redis.call('ZCOUNT', KEYS[2], '-inf', string.format('(%.17g', (place + 1 / STEP) * COUNTER))`,
)

/** How many deliveries would be served before one that is added now. Changes nothing. O(log n). */
export async function readTurnPosition(
  redis: RedisClient,
  { wait, prioritized, fair }: LaneKeys,
  share: Share,
): Promise<number> {
  return (await runScript(redis, TURN_POSITION, [wait, prioritized, fair], [share.project, unitsOf(share)])) as number
}
