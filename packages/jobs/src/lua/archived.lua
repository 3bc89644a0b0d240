-- Bodies and log have become a blob: they leave Redis. The first blob stays.
-- KEYS record events ended
-- ARGV id, archive name
-- Gives 1, or 0 when there is no such job any more or it has an archive already.
local f = redis.call('HMGET', KEYS[1], 'status', 'archive', 'stream', 'seq')
if not f[1] or f[2] then return 0 end
redis.call('HSET', KEYS[1], 'archive', ARGV[2])
drop_contents(KEYS[1], KEYS[2], f[3], f[4])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
