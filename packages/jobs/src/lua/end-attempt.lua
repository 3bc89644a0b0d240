-- An attempt ends and the job goes on with the same owner, or the job had ended before (a cancel) and the bill comes late.
-- KEYS record events outbox
-- ARGV id, fence, number, ending, statusEvent
-- Gives {1, nowMs, outboxRowId, statusSeq}.
local row = close_attempt(KEYS[1], KEYS[3], ARGV[1], ARGV[3], ARGV[4])
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'stream', 'seq')
local seq = -1
if row ~= '' and f[1] == ARGV[2] and f[2] == 'in_progress' then
  local counted
  counted, seq = log_status(KEYS[2], f[3], ARGV[2], f[4], 'job.attempt', ARGV[5])
  redis.call('HSET', KEYS[1], 'seq', counted)
end
return { 1, clock(), row, seq }
