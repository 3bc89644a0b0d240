-- The next lines enter the window: first those that are to be run again, then those that the cursor has not reached.
-- KEYS record again window
-- ARGV how many may be in the window, how many to take
-- Gives {line, try, line, try, …}.
local f = redis.call('HMGET', KEYS[1], 'status', 'paused', 'cursor', 'total', 'try', 'expires')
local now = clock()
if f[1] ~= 'in_progress' or f[2] == '1' or now >= tonumber(f[6]) then return {} end
local room = math.min(ARGV[1] - redis.call('ZCARD', KEYS[3]), tonumber(ARGV[2]))
local cursor, total, try = tonumber(f[3]), tonumber(f[4]), tonumber(f[5])
local taken = {}
local function enter(line)
  redis.call('ZADD', KEYS[3], int(now), line .. '.' .. try)
  taken[#taken + 1] = line
  taken[#taken + 1] = try
  room = room - 1
end
while room > 0 do
  local line = redis.call('BITPOS', KEYS[2], 1)
  if line < 0 then break end
  redis.call('SETBIT', KEYS[2], line, 0)
  enter(line)
end
local from = cursor
while room > 0 and cursor < total do
  enter(cursor)
  cursor = cursor + 1
end
if cursor > from then redis.call('HSET', KEYS[1], 'cursor', cursor) end
return taken
