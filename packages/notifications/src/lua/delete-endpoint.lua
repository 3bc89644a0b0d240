-- Deletes an endpoint. What waits for it ends as cancelled when a deliverer comes by.
-- KEYS endpoints types disabled queues
-- ARGV prefix, id
-- Gives 1 when something waits, 0 when nothing does, -1 when there is no such endpoint.
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return -1 end
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[2])
redis.call('DEL', health_key(ARGV[1], ARGV[2]))
local waits = redis.call('EXISTS', due_key(ARGV[1], ARGV[2]))
if waits == 1 then redis.call('ZADD', KEYS[4], int(clock()), ARGV[2]) end
return waits
