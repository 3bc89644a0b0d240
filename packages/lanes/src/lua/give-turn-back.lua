-- What stands before BullMQ's own script for removing a job: what its project was charged for its turn is given back.
-- KEYS BullMQ's two, prioritized, fair
-- ARGV BullMQ's three (1: id), project, units as the add was told them
do
  -- What waits out of turn cost nothing (lua/place.lua).
  local score = redis.call('ZSCORE', KEYS[3], ARGV[1])
  if score and tonumber(score) >= 2 * 4294967296 then redis.call('ZADD', KEYS[4], 'XX', 'INCR', -tonumber(ARGV[5]), ARGV[4]) end
end
