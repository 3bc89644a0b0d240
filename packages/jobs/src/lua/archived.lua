-- Bodies and log have become a blob: they leave Redis.
-- KEYS record request result events readers due
-- ARGV id, archive name
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'archive', ARGV[2])
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZADD', KEYS[6], redis.call('HGET', KEYS[1], 'expires'), ARGV[1])
return 1
