-- What an archive is made of, in one moment. Nothing for a job that has been archived: its keys are empty and would replace the good blob.
-- KEYS record request result events
-- Gives {request|false, result|false, entries}, or false.
if redis.call('HEXISTS', KEYS[1], 'archive') == 1 or redis.call('EXISTS', KEYS[4]) == 0 then return false end
return { redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3]), redis.call('XRANGE', KEYS[4], '-', '+') }
