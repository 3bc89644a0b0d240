-- Failed lines are to be run again under the next number of try. One that had completed runs again, with a whole window of time.
-- KEYS record done failed again window rows segments
-- ARGV windowMs
-- Gives {status before, lines that will run again}.
local f = redis.call('HMGET', KEYS[1], 'status')
local count = redis.call('BITCOUNT', KEYS[3])
if f[1] ~= 'in_progress' and f[1] ~= 'completed' or count == 0 then return { f[1], 0 } end
redis.call('BITOP', 'OR', KEYS[4], KEYS[4], KEYS[3])
redis.call('BITOP', 'XOR', KEYS[2], KEYS[2], KEYS[3])
redis.call('DEL', KEYS[3])
redis.call('HINCRBY', KEYS[1], 'try', 1)
if f[1] == 'completed' then
  for _, key in ipairs(KEYS) do redis.call('PERSIST', key) end
  redis.call('HDEL', KEYS[1], 'finalizing_at', 'completed_at', 'final', 'output_file', 'error_file')
  redis.call('HSET', KEYS[1], 'status', 'in_progress', 'expires', int(clock() + ARGV[1]))
end
return { f[1], count }
