-- The files are there: the batch has ended.
-- KEYS record done failed again window rows segments
-- ARGV output file ('' = none), error file ('' = none), keepMs
-- Gives 1, or 0 when it was not finalizing (a repeat).
local f = redis.call('HMGET', KEYS[1], 'status', 'final')
if f[1] ~= 'finalizing' then return 0 end
redis.call('HSET', KEYS[1], 'status', f[2], f[2] .. '_at', int(clock()), 'output_file', ARGV[1], 'error_file', ARGV[2])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return 1
