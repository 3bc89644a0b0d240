-- A batch is accepted. Nothing happens when it is there already (a repeat).
-- KEYS record
-- ARGV spec, expiresAtMs
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'spec', ARGV[1], 'status', 'validating', 'expires', ARGV[2], 'paused', 0, 'try', 1,
  'total', 0, 'cursor', 0, 'n', 0, 'trimmed', 0, 'pending', 0)
return 1
