-- An attempt ends and the job goes on with the same owner, or the job had ended before (a cancel) and the bill comes late.
-- KEYS record events outbox
-- ARGV id, fence, number, ending, statusEvent
-- Gives {1, nowMs, outboxRowId, statusSeq}.
local row = close_attempt(KEYS[1], KEYS[3], ARGV[1], ARGV[3], ARGV[4])
local f = redis.call('HMGET', KEYS[1], 'fence', 'status')
local seq = -1
if row ~= '' and f[1] == ARGV[2] and f[2] == 'in_progress' then
  seq = log_status(KEYS[1], KEYS[2], ARGV[2], 'job.attempt', ARGV[5])
end
return { 1, clock(), row, seq }
