-- ARGV 3 ms from now. An earlier answer that reaches further stays.
local til = now + tonumber(ARGV[3])
if tonumber(redis.call('GET', KEYS[5]) or 0) < til then
  redis.call('SET', KEYS[5], int(til), 'PX', int(tonumber(ARGV[3]) + minute))
end
