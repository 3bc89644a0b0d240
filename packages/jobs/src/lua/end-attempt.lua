-- An attempt ends and the job goes on with the same owner, or the job had ended before (a cancel) and the bill comes late.
-- KEYS record outbox
-- ARGV id, fence, number, ending, statusEvent
-- Gives the id of the outbox row, '' when it was closed before.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'stream', 'seq', 'e' .. ARGV[3])
if not f[2] then return '' end
local fields = {}
local row = close_attempt(fields, KEYS[2], ARGV[1], ARGV[3], f[5], ARGV[4])
if row == '' then return '' end
if f[1] == ARGV[2] and f[2] == 'in_progress' then put_event(fields, f[3], f[4], ARGV[5]) end
redis.call('HSET', KEYS[1], unpack(fields))
if ARGV[3] == '1' then redis.call('HDEL', KEYS[1], 'trial') end
return row
