-- Writes an endpoint's record over the one that the caller has read, and enables it.
-- KEYS endpoints types disabled
-- ARGV id, record as read|'' (a new one), new record, types between spaces, most endpoints
-- Gives 1; 0 when the record is another by now; -1 when there are too many.
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then return 0 end
if before == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
