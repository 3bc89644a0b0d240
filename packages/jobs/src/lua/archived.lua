-- Bodies and log have become a blob: they leave Redis. The first blob stays.
-- KEYS record events ended
-- ARGV id, archive name
-- Gives 1, or 0 when there is no such job any more, it has an archive already, or its contents have expired or were erased meanwhile: then
-- whoever forgets it may have been here, and nobody would delete the blob.
local f = redis.call('HMGET', KEYS[1], 'status', 'archive', 'stream', 'seq', 'expires')
if not f[1] or f[2] or tonumber(f[5]) <= clock() then return 0 end
redis.call('HSET', KEYS[1], 'archive', ARGV[2])
drop_contents(KEYS[1], KEYS[2], f[3], f[4])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
