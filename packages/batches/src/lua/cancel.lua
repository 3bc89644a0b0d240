-- No line is taken any more; whoever feeds the batch closes it. One that was not validated yet has nothing to close.
-- KEYS record
-- Gives the status before.
local status = redis.call('HGET', KEYS[1], 'status')
local now = int(clock())
if status == 'validating' then
  redis.call('HSET', KEYS[1], 'status', 'cancelled', 'cancelling_at', now, 'cancelled_at', now)
elseif status == 'in_progress' then
  redis.call('HSET', KEYS[1], 'status', 'cancelling', 'cancelling_at', now)
end
return status
