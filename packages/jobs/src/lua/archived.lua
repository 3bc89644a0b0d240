-- Bodies and log have become a blob: they leave Redis. The first blob stays.
-- KEYS record request result events readers due ended
-- ARGV id, archive name
-- Gives 1, or 0 when there is no such job any more or it has an archive already.
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HSETNX', KEYS[1], 'archive', ARGV[2]) == 0 then return 0 end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZADD', KEYS[6], redis.call('HGET', KEYS[1], 'expires'), ARGV[1])
return 1
