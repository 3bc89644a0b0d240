-- What a limiter holds, and what a script takes up of it. KEYS are those of `limiterKeys`, in its order, all on the deployment's slot:
--   1 limiter    hash:
--                  `#`           the numbers of `S` below, packed: all that a call reads and writes while nobody waits
--                  `~`           the numbers of `M` below, packed, as long as something learnt differs from the catalog
--                  `x:<bucket>`  spent in an earlier bucket of a dimension
--                  `=<lease>`    its grant: a state, the time, the amount of each dimension (-1: was not limited), then what the window
--                                of each per minute held with it, packed
--                and, as long as somebody waits in line,
--                  `@`           the numbers of `L` below, packed
--                  `x@<bucket>`  booked for a bucket
--                  `?<lease>`    its booking: {slot, why, cost} as JSON
--   2 leases     zset, lease -> end of the lease; of one that has ended: ENDED before the moment at which its grant is forgotten
--   3 line       zset, lease -> its booked slot
-- ARGV behind those of the clock: 3 to 7 the limit of each dimension (0: unlimited), 8 how many leases, these leases, then what the
-- script says.
-- A dimension is 1 r requests, 2 t tokens, 3 i input tokens, 4 o output tokens per minute, 5 d requests per day.
-- While nobody waits and the bucket is that of the call before, reserve and reconcile take four commands each (TIME, HMGET, ZADD,
-- HSET), however many calls they carry, and make none of the functions inside `careful` (cells.lua and behind): Lua makes functions
-- anew in every run, and those would cost more than the four commands.
local CODES = { 'r', 't', 'i', 'o', 'd' }
-- A window is kept in 120 buckets. What was spent in a bucket counts until one window and one more bucket after the bucket's end.
local PARTS, COUNTED = 120, 122
local WIDTH, DAY_WIDTH = math.ceil(minute / PARTS), math.ceil(1440 * minute / PARTS)
local BUCKET, DAY_BUCKET = math.floor(now / WIDTH), math.floor(now / DAY_WIDTH)
local HELD, LAPSED, SETTLED = 104, 108, 115
local GRANT, AMOUNTS = '<B' .. string.rep('d', 10), '<Bdddddd'
local SUMS, SUMS_AT = '<dddd', 50
local ENDED = 4503599627370496

-- S: leases that are held (one that ran out counts until `lapse` finds it); how many wait in line; the moment before which the
-- provider wants no call; the average time that a call is in flight; the bucket of now and the oldest that counts, for minutes and
-- for the day; then of each dimension what was spent in all buckets that count, and what in the newest of them.
local S, turned = nil, false
local LIVE, WAITING, LIMITED, HOLD, AT, DAY_AT, SUM, HERE = 1, 2, 3, 4, 5, 7, 8, 13
local STATE = '<dddddddddddddddddd'
-- M, what the provider taught (lua/learn.lua): the share of the limits that is used, and of places in flight how many (0: all); when
-- both were last lowered; when the last statement of the windows came; the limits that it said where they are lower (0: none); how
-- much others spent of each window.
local M, learnt = nil, false
local SHARE, PLACES, LOWERED, STATED, TOLD, FOREIGN = 1, 2, 3, 4, 4, 8
local LEARNT = '<dddddddddddd'
-- L, of each dimension: booked in all; the bucket where the plan ends; what the window holds there, spent and booked, with all that
-- is booked later.
local L = nil
local BOOKED, TAIL, PLANNED = 0, 5, 10
local LINE = '<ddddddddddddddd'

local leases = tonumber(ARGV[8])
local fields = { '#', '~' }
for i = 1, leases do fields[i + 2] = '=' .. ARGV[8 + i] end
-- The packed numbers, then the leases' grants.
local known = call('HMGET', KEYS[1], unpack(fields))
if known[1] then
  S = { struct.unpack(STATE, known[1]) }
  turned = S[AT] ~= BUCKET or S[DAY_AT] ~= DAY_BUCKET
else
  S = { 0, 0, 0, 0, BUCKET, BUCKET - COUNTED + 1, DAY_BUCKET, DAY_BUCKET - COUNTED + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  turned = true
end

if known[2] then M = { struct.unpack(LEARNT, known[2]) } end

-- The dimensions that are limited; the most that one call can take, and up to where all may: others leave the window evenly.
local limited, most, limits = {}, {}, {}
for x = 1, 5 do
  local limit = tonumber(ARGV[2 + x])
  if limit > 0 then
    limited[#limited + 1] = x
    local room = limit
    if M and x < 5 then
      if M[TOLD + x] > 0 then limit = math.min(limit, M[TOLD + x]) end
      limit = math.max(1, math.floor(limit * M[SHARE]))
      room = math.max(0, limit - math.floor(M[FOREIGN + x] * math.max(0, 1 - (now - M[STATED]) / minute)))
    end
    most[x], limits[x] = limit, room
  end
end
-- The keys stay as long as a grant, or two windows.
local TTL = S[SUM + 5] > 0 and 2880 * minute or GRANT_KEPT
-- Fields and values for HSET in the end.
local kept = {}
