-- An ended job's request, result and log go before their time. Their expiry is set a minute back, beyond any difference of clocks;
-- the sweeper, told to look now, deletes the blobs should the caller not get to it, and ends an attempt that nobody has closed.
-- KEYS record request result events readers due ended
-- ARGV id
-- Gives 1, or 0 when there is no such job or it has not ended.
local status = redis.call('HGET', KEYS[1], 'status')
if not status or not is_terminal(status) then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], 'expires', int(now - 60000))
redis.call('HDEL', KEYS[1], 'archive', 'resultblob')
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZADD', KEYS[6], int(now), ARGV[1])
return 1
