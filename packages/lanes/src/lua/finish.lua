-- Ends a delivery that is held, as BullMQ ends a job that is kept nowhere. Before fetch.lua, which may follow.
-- KEYS as fetch.lua has them, then stalled
-- ARGV as fetch.lua has them, then id, whether to fetch ('1')
-- Gives -1, and has changed nothing, where it is not held by this token.
local ended = ARGV[1] .. ARGV[4]
if redis.call('GET', ended .. ':lock') ~= ARGV[2] then return -1 end
redis.call('LREM', KEYS[2], -1, ARGV[4])
redis.call('DEL', ended, ended .. ':lock')
redis.call('SREM', KEYS[8], ARGV[4])
if ARGV[5] ~= '1' then return 0 end
