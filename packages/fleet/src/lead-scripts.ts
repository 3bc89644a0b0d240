import { defineScript } from '@switchyard/redis/script'

/*
 * A lease is granted to whoever has it, or to anybody once it has run out. It is the same term as before only if the
 * holder renews that one; everything else begins a new one, with a higher fence. The hash never expires: the fence must
 * not start over.
 */
export const LEAD = defineScript(
  'fleet-lead',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local holder, untilMs, fence = unpack(redis.call('HMGET', KEYS[1], 'holder', 'untilMs', 'fence'))
local runs = holder and tonumber(untilMs) > nowMs
if runs and holder ~= ARGV[1] then return {0, tonumber(fence)} end
if not runs or fence ~= ARGV[3] then fence = redis.call('HINCRBY', KEYS[1], 'fence', 1) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'untilMs', string.format('%.0f', nowMs + ARGV[2]))
return {1, tonumber(fence)}`,
)

export const RESIGN = defineScript(
  'fleet-resign',
  `
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'untilMs') end
return 0`,
)
