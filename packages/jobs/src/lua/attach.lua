-- A reader registers before it reads the log. The log counts as read from now on.
-- KEYS record
-- ARGV reader, interest, ttlMs
-- Gives {1, owner, status}; {0} when there is no such job. Ended jobs need no registration.
local f = redis.call('HMGET', KEYS[1], 'status', 'owner', 'readers', 'unread')
if not f[1] then return { 0 } end
if not is_terminal(f[1]) then
  local now = clock()
  redis.call('HSET', KEYS[1], 'read', '1', 'readers', with_reader(f[3], ARGV[1], now, now + ARGV[3], ARGV[2]))
  if f[4] then redis.call('HDEL', KEYS[1], 'unread') end
end
return { 1, f[2] or '', f[1] }
