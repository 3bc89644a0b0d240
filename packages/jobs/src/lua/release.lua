-- The owner gives the job back in the same delivery: a defer, or a drain (no crash is counted, no attempt burnt).
-- KEYS record events due outbox
-- ARGV id, fence, notBeforeMs|'', number|'', ending, queueCheckMs, statusEvent
-- Gives {1, nowMs, outboxRowId, statusSeq}; {0} when the caller is no longer the owner.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'deadline', 'stream', 'seq', 'released')
if f[1] == ARGV[2] and f[2] == 'queued' and f[6] == ARGV[2] then return { 1, clock(), '', -1 } end
if f[1] ~= ARGV[2] or f[2] ~= 'in_progress' then return { 0 } end
local now = clock()
local row = close_attempt(KEYS[1], KEYS[4], ARGV[1], ARGV[4], ARGV[5])
local counted, seq = log_status(KEYS[2], f[4], ARGV[2], f[5], 'job.status', ARGV[7])
redis.call('HSET', KEYS[1], 'status', 'queued', 'owner', '', 'claim', '', 'lease', '', 'notbefore', ARGV[3], 'seq', counted, 'released', ARGV[2])
local look = now + ARGV[6]
if ARGV[3] ~= '' and tonumber(ARGV[3]) + ARGV[6] > look then look = tonumber(ARGV[3]) + ARGV[6] end
if f[3] and f[3] ~= '' and tonumber(f[3]) < look then look = tonumber(f[3]) end
redis.call('ZADD', KEYS[3], int(look), ARGV[1])
return { 1, now, row, seq }
