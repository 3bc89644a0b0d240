-- A reader leaves. When it was the last, the grace period of `on_disconnect` begins.
-- KEYS record readers due
-- ARGV id, reader, graceMs
local f = redis.call('HMGET', KEYS[1], 'status', 'ondisconnect')
redis.call('HDEL', KEYS[2], ARGV[2])
if not f[1] or is_terminal(f[1]) or redis.call('HLEN', KEYS[2]) > 0 then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], 'unread', int(now))
if f[2] == 'cancel' and f[1] == 'queued' then redis.call('ZADD', KEYS[3], 'LT', int(now + ARGV[3]), ARGV[1]) end
return 1
