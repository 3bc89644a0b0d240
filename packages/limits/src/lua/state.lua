-- In front of every script of this package. KEYS are those of `limiterKeys`, in its order, all on the deployment's slot:
--   1 limiter    hash:
--                  `#`           the numbers of `S` below, packed: all that a call reads and writes while nobody waits
--                  `x:<bucket>`  spent in an earlier bucket of a dimension
--                  `=<lease>`    its grant: a state, the time, the amount of each dimension (-1: was not limited), packed
--                and, as long as somebody waits in line,
--                  `@`           the numbers of `L` below, packed
--                  `x@<bucket>`  booked for a bucket
--                  `?<lease>`    its booking: {slot, why, cost} as JSON
--   2 leases     zset, lease -> end of the lease; of one that has ended: ENDED before the moment at which its grant is forgotten
--   3 line       zset, lease -> its booked slot
-- ARGV 1 the time (0: Redis' own), 2 the length of a minute.
-- A dimension is 1 r requests, 2 t tokens, 3 i input tokens, 4 o output tokens per minute, 5 d requests per day.
-- What a script costs is above all its commands, about 3 µs each: while nobody waits and the bucket is that of the call before,
-- reserve and reconcile take four each (TIME, HMGET, ZADD, HSET), however many calls they carry.
local call = redis.call
local now, minute = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

local CODES = { 'r', 't', 'i', 'o', 'd' }
-- A window is kept in 120 buckets. What was spent in a bucket counts until one window and one more bucket after the bucket's end.
local PARTS, COUNTED = 120, 122
local WIDTH, DAY_WIDTH = math.ceil(minute / PARTS), math.ceil(1440 * minute / PARTS)
local BUCKET, DAY_BUCKET = math.floor(now / WIDTH), math.floor(now / DAY_WIDTH)
-- A grant that is never reconciled is forgotten this long after its lease ended. No call takes longer.
local GRANT_KEPT = 360 * minute
local HELD, LAPSED, SETTLED = 104, 108, 115
local GRANT = '<Bdddddd'
local ENDED = 4503599627370496

-- S: leases that are held (one that ran out counts until `lapse` finds it); how many wait in line; the moment before which the
-- provider wants no call; the average time that a call is in flight; the bucket of now and the oldest that counts, for minutes and
-- for the day; then of each dimension what was spent in all buckets that count, and what in the newest of them.
local S = nil
local LIVE, WAITING, LIMITED, HOLD, AT, DAY_AT, SUM, HERE = 1, 2, 3, 4, 5, 7, 8, 13
local STATE = '<dddddddddddddddddd'
-- L, of each dimension: booked in all; the bucket where the plan ends; what the window holds there, spent and booked, with all that
-- is booked later.
local L = nil
local BOOKED, TAIL, PLANNED = 0, 5, 10
local LINE = '<ddddddddddddddd'

local function int(n) return string.format('%d', n) end

-- Fields `x:<bucket>` and `x@<bucket>`: read once, written back by `save`.
local cells, changed = {}, {}

local function read(fields)
  local missing = {}
  for _, field in ipairs(fields) do
    if not cells[field] then
      missing[#missing + 1] = field
      cells[field] = 0
    end
  end
  if #missing == 0 then return end
  for i, value in ipairs(call('HMGET', KEYS[1], unpack(missing))) do
    if value then cells[missing[i]] = tonumber(value) end
  end
end

local function set(field, value)
  cells[field] = value
  changed[field] = true
end

-- Begins the bucket of now for some dimensions. Forgets those that no longer count: all of them if Redis' clock was set back by more
-- than a window.
local turned = false
local function turn(at, here, first, last)
  local from, oldest = S[at + 1], here - COUNTED + 1
  local til = from + COUNTED - 1
  if here >= from then til = math.min(til, oldest - 1) end
  local fields = {}
  for x = first, last do
    if S[SUM + x] > 0 then
      local name = CODES[x] .. ':'
      if S[HERE + x] > 0 then set(name .. int(S[at]), S[HERE + x]) end
      fields[#fields + 1] = name .. int(here)
      for b = from, til do fields[#fields + 1] = name .. int(b) end
    end
  end
  read(fields)
  for x = first, last do
    if S[SUM + x] > 0 then
      local name = CODES[x] .. ':'
      for b = from, til do
        local field = name .. int(b)
        S[SUM + x] = math.max(0, S[SUM + x] - cells[field])
        if L and b > L[TAIL + x] - COUNTED then L[PLANNED + x] = L[PLANNED + x] - cells[field] end
        set(field, 0)
      end
      S[HERE + x] = cells[name .. int(here)]
      set(name .. int(here), 0)
    else
      S[HERE + x] = 0
    end
  end
  if til >= from then S[at + 1] = oldest end
  S[at] = here
  turned = true
end

-- Takes up what `#` holds and moves it up to now.
local function open(packed)
  if packed then
    S = { struct.unpack(STATE, packed) }
    if S[WAITING] > 0 then
      L = { struct.unpack(LINE, call('HGET', KEYS[1], '@')) }
    end
    if S[AT] ~= BUCKET then turn(AT, BUCKET, 1, 4) end
    if S[DAY_AT] ~= DAY_BUCKET then turn(DAY_AT, DAY_BUCKET, 5, 5) end
  else
    S = { 0, 0, 0, 0, BUCKET, BUCKET - COUNTED + 1, DAY_BUCKET, DAY_BUCKET - COUNTED + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
    turned = true
  end
end

-- The dimensions that are limited, and their limits, which stand in ARGV 3 to 7 (0: unlimited).
local limited, limits = {}, {}
local function read_limits()
  for x = 1, 5 do
    local limit = tonumber(ARGV[2 + x])
    if limit > 0 then
      limited[#limited + 1] = x
      limits[x] = limit
    end
  end
end

-- Fields and values for `save` to write.
local kept = {}

-- Forgets grants whose time has come, once in a bucket.
local function forget()
  for _ = 1, 10 do
    local old = call('ZRANGEBYSCORE', KEYS[2], '-inf', int(now - ENDED), 'LIMIT', 0, 1000)
    if #old == 0 then return end
    for i, lease in ipairs(old) do old[i] = '=' .. lease end
    call('HDEL', KEYS[1], unpack(old))
    call('ZREMRANGEBYRANK', KEYS[2], 0, #old - 1)
  end
end

-- Writes everything back, after the leases. The keys stay as long as a grant, or two windows; or that long after the last slot.
-- Without a line that is renewed once in a bucket. `first`: the leases were perhaps none, and their key is new.
local function save(first)
  if turned then forget() end
  if next(changed) then
    local gone = {}
    for field in pairs(changed) do
      if cells[field] == 0 then
        gone[#gone + 1] = field
      else
        kept[#kept + 1] = field
        kept[#kept + 1] = int(cells[field])
      end
    end
    if #gone > 0 then call('HDEL', KEYS[1], unpack(gone)) end
  end
  local waiting = S[WAITING] > 0
  if waiting then
    kept[#kept + 1] = '@'
    kept[#kept + 1] = struct.pack(LINE, unpack(L, 1, 15))
  end
  call('HSET', KEYS[1], '#', struct.pack(STATE, unpack(S, 1, 18)), unpack(kept))
  if not turned and not waiting and not first then return end
  local ttl = S[SUM + 5] > 0 and 2880 * minute or GRANT_KEPT
  if waiting then
    ttl = ttl + math.max(0, call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2] - now)
    call('PEXPIRE', KEYS[3], int(ttl))
  end
  call('PEXPIRE', KEYS[1], int(ttl))
  call('PEXPIRE', KEYS[2], int(ttl))
end
