-- A reader registers before it reads the log. The log counts as read from now on.
-- KEYS record readers
-- ARGV reader, value suffix, ttlMs
-- Gives {1, owner, status}; {0} when there is no such job. Ended jobs need no registration.
local f = redis.call('HMGET', KEYS[1], 'status', 'owner')
if not f[1] then return { 0 } end
if not is_terminal(f[1]) then
  redis.call('HSET', KEYS[2], ARGV[1], int(clock() + ARGV[3]) .. ARGV[2])
  redis.call('HSET', KEYS[1], 'read', 1)
  redis.call('HDEL', KEYS[1], 'unread')
end
return { 1, f[2] or '', f[1] }
