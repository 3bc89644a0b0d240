-- No line is taken any more, or lines are again. Those in the window go on.
-- KEYS record
-- ARGV paused 0|1
-- Gives the status; only a batch that is validated or runs can be paused.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'validating' or status == 'in_progress' then redis.call('HSET', KEYS[1], 'paused', ARGV[1]) end
return status
