-- Result and log of an ended job are kept longer: somebody has just been told of it. Never shorter; what has expired stays so.
-- KEYS record events
-- ARGV until (epoch ms)
-- Gives 1 when that is longer than before.
local f = redis.call('HMGET', KEYS[1], 'status', 'expires')
if not f[1] or not is_terminal(f[1]) then return 0 end
local kept, till = tonumber(f[2]), tonumber(ARGV[1])
if kept >= till or kept <= clock() then return 0 end
redis.call('HSET', KEYS[1], 'expires', int(till))
redis.call('PEXPIREAT', KEYS[1], int(till + 7200000), 'GT')
redis.call('PEXPIREAT', KEYS[2], int(till + 3600000), 'GT')
return 1
