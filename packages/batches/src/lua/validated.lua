-- The input has been read: its lines can run, or it is refused as a whole.
-- KEYS record
-- ARGV total, model, errors ('' = none)
-- Gives 1, or 0 when the batch no longer waits for it (cancelled, or said before).
if redis.call('HGET', KEYS[1], 'status') ~= 'validating' then return 0 end
local now = int(clock())
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'status', 'failed', 'errors', ARGV[3], 'failed_at', now)
else
  redis.call('HSET', KEYS[1], 'status', 'in_progress', 'total', ARGV[1], 'model', ARGV[2], 'in_progress_at', now)
end
return 1
