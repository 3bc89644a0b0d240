-- A sample event for one endpoint alone, past the feed, in a queue of its own so that it waits for nothing.
-- KEYS queues
-- ARGV prefix, endpoint, delivery, event, type, data id, created (s), most a minute
-- Gives 1, or 0 when there were too many.
local count = redis.call('INCR', ARGV[1] .. 'wh:tests:' .. ARGV[2])
if count == 1 then redis.call('PEXPIRE', ARGV[1] .. 'wh:tests:' .. ARGV[2], 60000) end
if count > tonumber(ARGV[8]) then return 0 end
local queue = 'test_' .. ARGV[2]
redis.call('DEL', health_key(ARGV[1], queue))
add_delivery(ARGV[1], KEYS[1], 100000, ARGV[3], ARGV[2], queue, '', ARGV[4], ARGV[5], ARGV[6], ARGV[7], '', '1', clock())
return 1
