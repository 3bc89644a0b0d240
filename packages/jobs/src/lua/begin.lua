-- An attempt is written down before its first byte leaves. Safe to repeat. It may be a second one beside one that is open (a hedge):
-- that one's call is made then, so it is on trial no more.
-- KEYS record
-- ARGV fence, number, attempt, statusEvent
-- Gives 1, or 0 when the caller is no longer the owner.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'stream', 'seq', 'b' .. ARGV[2])
if f[1] ~= ARGV[1] or f[2] ~= 'in_progress' then return 0 end
if f[5] then return 1 end
local fields = { 'b' .. ARGV[2], ARGV[3], 'attempts', ARGV[2] }
put_event(fields, f[3], f[4], ARGV[4])
redis.call('HSET', KEYS[1], unpack(fields))
if ARGV[2] ~= '1' then redis.call('HDEL', KEYS[1], 'trial') end
return 1
