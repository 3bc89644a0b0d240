-- An attempt that was begun with the claim gets no capacity: it is taken back, as if it had never been. Not once its call was
-- made (`trial` is gone), or anything else has happened to the job. Safe to repeat.
-- KEYS record
-- ARGV fence
-- Gives 1 when there is no such attempt (any more), 0 when it stays.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'attempts', 'trial', 'stream', 'seq', 'e1')
if f[1] ~= ARGV[1] or f[2] ~= 'in_progress' then return 0 end
if f[3] == '0' then return 1 end
if f[3] ~= '1' or f[1] ~= '1' or not f[4] or f[7] then return 0 end
if f[5] == '1' then
  redis.call('HDEL', KEYS[1], 'b1', 'trial')
  redis.call('HSET', KEYS[1], 'attempts', '0')
else
  local last = int(f[6] - 1)
  redis.call('HDEL', KEYS[1], 'b1', 'trial', 'v' .. last)
  redis.call('HSET', KEYS[1], 'attempts', '0', 'seq', last)
end
return 1
