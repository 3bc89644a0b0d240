-- What an archive is made of, in one moment. Nothing for a job that has not ended or has been archived: its contents are gone and
-- would replace the good blob.
-- KEYS record events
-- Gives {all fields of the record, entries}, or false.
local f = redis.call('HMGET', KEYS[1], 'status', 'archive', 'stream', 'v0')
if not f[1] or not is_terminal(f[1]) or f[2] then return false end
if f[3] ~= '1' then return f[4] and { redis.call('HGETALL', KEYS[1]), {} } end
local entries = redis.call('XRANGE', KEYS[2], '-', '+')
return #entries > 0 and { redis.call('HGETALL', KEYS[1]), entries }
