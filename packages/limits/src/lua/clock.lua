-- In front of every script of this package. ARGV 1 the time (0: Redis' own), 2 the length of a minute.
local call, KEYS, ARGV = redis.call, KEYS, ARGV
local now, minute = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
-- A grant that is never reconciled is forgotten this long after its lease ended. No call takes longer.
local GRANT_KEPT = 360 * minute
