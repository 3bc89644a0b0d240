-- An attempt is written down before its first byte leaves. Safe to repeat.
-- KEYS record events
-- ARGV fence, number, attempt, statusEvent
-- Gives {1, nowMs, statusSeq}, or {0} when the caller is no longer the owner.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'stream', 'seq')
if f[1] ~= ARGV[1] or f[2] ~= 'in_progress' then return { 0 } end
local seq = -1
if redis.call('HSETNX', KEYS[1], 'b' .. ARGV[2], ARGV[3]) == 1 then
  local counted
  counted, seq = log_status(KEYS[2], f[3], ARGV[1], f[4], 'job.attempt', ARGV[4])
  redis.call('HSET', KEYS[1], 'attempts', ARGV[2], 'seq', counted)
end
return { 1, clock(), seq }
