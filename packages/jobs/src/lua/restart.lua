-- A failed attempt left content that nobody has read: the log is emptied, numbering starts again from 0.
-- KEYS record events
-- ARGV fence
-- Safe to repeat. Gives {1, newFence}; {2} when somebody has read it; {0} when the caller is no longer the owner.
local f = redis.call('HMGET', KEYS[1], 'fence', 'status', 'read', 'restarted')
local next_fence = int(ARGV[1] + 1)
if f[4] == ARGV[1] and f[2] == 'in_progress' and f[1] == next_fence then return { 1, tonumber(f[1]) } end
if f[1] ~= ARGV[1] or f[2] ~= 'in_progress' then return { 0 } end
if f[3] == '1' then return { 2 } end
redis.call('DEL', KEYS[2])
redis.call('XADD', KEYS[2], next_fence .. '-0', 'n', '0')
redis.call('HSET', KEYS[1], 'fence', next_fence, 'restarted', ARGV[1])
return { 1, tonumber(next_fence) }
