-- A reader leaves. When it was the last, the grace period of `on_disconnect` begins.
-- KEYS record due
-- ARGV id, reader, graceMs
local f = redis.call('HMGET', KEYS[1], 'status', 'ondisconnect', 'readers')
if not f[1] then return 0 end
local others = other_readers(f[3], ARGV[2], 0)
redis.call('HSET', KEYS[1], 'readers', others)
if is_terminal(f[1]) or others ~= '' then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], 'unread', int(now))
if f[2] == 'cancel' and f[1] == 'queued' then redis.call('ZADD', KEYS[2], 'LT', int(now + ARGV[3]), ARGV[1]) end
return 1
