-- The owner gives the job back in the same delivery: a defer, or a drain (no crash is counted, no attempt burnt). An open attempt of
-- which it says nothing is lost.
-- KEYS record due outbox
-- ARGV id, fence, notBeforeMs|'', number|'', ending, queueCheckMs, statusEvent
-- Gives {1, outboxRowId}; {0} when the caller is no longer the owner.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'deadline', 'stream', 'seq', 'released', 'e' .. ARGV[4], 'attempts')
if f[1] == ARGV[2] and f[2] == 'queued' and f[6] == ARGV[2] then return { 1, '' } end
if f[1] ~= ARGV[2] or f[2] ~= 'in_progress' then return { 0 } end
local fields = { 'status', 'queued', 'owner', '', 'claim', '', 'lease', '', 'notbefore', ARGV[3], 'released', ARGV[2] }
local now = clock()
local row = close_attempt(fields, KEYS[3], ARGV[1], ARGV[4], f[7], ARGV[5])
close_lost(fields, KEYS[1], KEYS[3], ARGV[1], f[8], now, ARGV[4])
put_event(fields, f[4], f[5], ARGV[7])
redis.call('HSET', KEYS[1], unpack(fields))
local look = now + ARGV[6]
if ARGV[3] ~= '' then look = math.max(look, ARGV[3] + ARGV[6]) end
if f[3] then look = math.min(look, tonumber(f[3])) end
redis.call('ZADD', KEYS[2], int(look), ARGV[1])
return { 1, row }
