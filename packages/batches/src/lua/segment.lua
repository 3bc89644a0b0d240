-- Rows have become a blob and leave the stream. A blob of other bounds that came first stays.
-- KEYS record rows segments
-- ARGV from, to, bytes
-- Gives 1 (also for a repeat), or 0 when the rows stand in another segment.
local trimmed = tonumber(redis.call('HGET', KEYS[1], 'trimmed') or -1)
local name = ARGV[1] .. '-' .. ARGV[2]
if trimmed ~= ARGV[1] - 1 then
  for _, segment in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
    if segment == name then return 1 end
  end
  return 0
end
redis.call('RPUSH', KEYS[3], name)
redis.call('HSET', KEYS[1], 'trimmed', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'pending', int(-ARGV[3]))
redis.call('XTRIM', KEYS[2], 'MINID', int(ARGV[2] + 1) .. '-0')
return 1
