-- A batch as it stands, in one moment.
-- KEYS record done failed window
-- Gives {nowMs, fields, lines done, lines failed, lines in the window}; false when there is none.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return false end
return { clock(), fields, redis.call('BITCOUNT', KEYS[2]), redis.call('BITCOUNT', KEYS[3]), redis.call('ZCARD', KEYS[4]) }
