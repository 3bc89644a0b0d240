-- An ended job's request, result and log go before their time. Their expiry is set a minute back, beyond any difference of clocks;
-- the sweeper, told to look now, deletes the blobs should the caller not get to it, and ends an attempt that nobody has closed.
-- KEYS record events due ended
-- ARGV id
-- Gives 1, or 0 when there is no such job or it has not ended.
local f = redis.call('HMGET', KEYS[1], 'status', 'stream', 'seq')
if not f[1] or not is_terminal(f[1]) then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], 'expires', int(now - 60000))
redis.call('HDEL', KEYS[1], 'archive', 'resultblob')
drop_contents(KEYS[1], KEYS[2], f[2], f[3])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[3], int(now), ARGV[1])
return 1
