-- The end of all running: every line has its row, or the batch was cancelled, or its window is over. What is still out is not heard any more.
-- KEYS record done window
-- ARGV final status: completed, cancelled or expired
-- Gives 1, or 0 when it is not so.
local f = redis.call('HMGET', KEYS[1], 'status', 'total', 'expires', 'final')
if f[1] == 'finalizing' then return f[4] == ARGV[1] and 1 or 0 end
local now = clock()
local is_so = false
if ARGV[1] == 'completed' then
  is_so = f[1] == 'in_progress' and redis.call('BITCOUNT', KEYS[2]) == tonumber(f[2])
elseif ARGV[1] == 'cancelled' then
  is_so = f[1] == 'cancelling'
else
  is_so = (f[1] == 'in_progress' or f[1] == 'validating') and now >= tonumber(f[3])
end
if not is_so then return 0 end
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[1], 'status', 'finalizing', 'final', ARGV[1], 'finalizing_at', int(now))
return 1
