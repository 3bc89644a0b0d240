-- In front of every script of this package. KEYS are those of `limiterKeys`, in its order, all on the deployment's slot:
--   1 windows    hash; for each dimension x, in buckets of its window:
--                  `x`            "sum from now here": spent in all buckets that count, the oldest and the newest of these, spent in the newest
--                  `x:<bucket>`   spent in an earlier bucket
--                  `x@`           "booked tail planned": booked in all; the bucket where the plan ends; what the window holds there,
--                                 spent and booked, with all that is booked later
--                  `x@<bucket>`   booked for a bucket
--                and `hold`, the average time that a call is in flight, ms
--   2 in flight  zset, lease -> end of the lease
--   3 line       zset, lease -> its booked slot
--   4 booked     hash, lease -> {slot, why, cost}
--   5 limited    the moment before which the provider wants no call
--   6 grant      of one lease: "held <at> <x>=<amount> …" or "settled <effect id>"
-- ARGV 1 the time (0: Redis' own), 2 the length of a minute.
-- A dimension is r requests, t tokens, i input tokens, o output tokens per minute, or d requests per day.
local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local minute = tonumber(ARGV[2])

-- A window is kept in 120 buckets. What was spent in a bucket counts until one window and one more bucket after the bucket's end.
local PARTS, COUNTED = 120, 122
-- A booked slot that nobody came for is given up after this time (10 s of a minute).
local LAPSE = math.ceil(minute / 6)
-- Whoever has a slot within this time (1 s of a minute) has a claim on the next free place.
local CLAIM = math.ceil(minute / 60)

local function int(n) return string.format('%.0f', n) end

local function span(code) return code == 'd' and minute * 1440 or minute end
local function width(code) return math.ceil(span(code) / PARTS) end
local function bucket(code, at) return math.floor(at / width(code)) end

-- Fields `x:<bucket>`, `x@<bucket>` and `hold`: read once, written back by `write`.
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
  local values = redis.call('HMGET', KEYS[1], unpack(missing))
  for i, value in ipairs(values) do
    if value then cells[missing[i]] = tonumber(value) end
  end
end

local function set(field, value)
  cells[field] = value
  changed[field] = true
end

local function add(field, amount)
  if amount == 0 then return end
  read({ field })
  set(field, math.max(0, cells[field] + amount))
end

-- Begins the bucket of now. Forgets those that no longer count: all of them if Redis' clock was set back by more than a window.
local function turn(d)
  if d.here > 0 then set(d.code .. ':' .. int(d.at), d.here) end
  local oldest, last = d.now - COUNTED + 1, d.from + COUNTED - 1
  if d.now >= d.from then last = math.min(last, oldest - 1) end
  local fields = { d.code .. ':' .. int(d.now) }
  for b = d.from, last do fields[#fields + 1] = d.code .. ':' .. int(b) end
  read(fields)
  for i = 2, #fields do
    local amount = cells[fields[i]]
    d.sum = math.max(0, d.sum - amount)
    if d.from + i - 2 > d.tail - COUNTED then d.planned = d.planned - amount end
    set(fields[i], 0)
  end
  if last >= d.from then d.from = oldest end
  d.at, d.here = d.now, cells[fields[1]]
  set(fields[1], 0)
end

-- The dimensions that this script has to do with, by code, with their windows moved up to now.
local dims, turned = {}, false
-- How many stood in the line when the script began.
local waiting = nil

local function load(codes)
  waiting = waiting or redis.call('ZCARD', KEYS[3])
  local fresh, fields = {}, {}
  for _, code in ipairs(codes) do
    if not dims[code] then
      dims[code] = { code = code, now = bucket(code, now), booked = 0, tail = 0, planned = 0 }
      fresh[#fresh + 1] = dims[code]
      fields[#fresh] = code
    end
  end
  if #fresh == 0 then return end
  if waiting > 0 then
    for i, d in ipairs(fresh) do fields[#fresh + i] = d.code .. '@' end
  end
  local values = redis.call('HMGET', KEYS[1], unpack(fields))
  for i, d in ipairs(fresh) do
    local line = values[#fresh + i]
    if line then
      local booked, tail, planned = string.match(line, '(%d+) (%d+) (%d+)')
      d.booked, d.tail, d.planned = tonumber(booked), tonumber(tail), tonumber(planned)
    end
    if values[i] then
      local sum, from, at, here = string.match(values[i], '(%d+) (%d+) (%d+) (%d+)')
      d.sum, d.from, d.at, d.here = tonumber(sum), tonumber(from), tonumber(at), tonumber(here)
    else
      d.sum, d.from, d.at, d.here = 0, d.now - COUNTED + 1, d.now, 0
    end
    if d.at ~= d.now then turn(d) end
    if d.at ~= d.now or not values[i] then turned = true end
    if not line then d.tail, d.planned = d.now, d.sum end
  end
end

-- Loads the dimensions that ARGV gives from `first` on as code, limit, amount. Gives them in that order.
local function asked(first)
  local codes, list = {}, {}
  for i = first, #ARGV, 3 do codes[#codes + 1] = ARGV[i] end
  load(codes)
  for i, code in ipairs(codes) do
    local d = dims[code]
    d.limit, d.amount = tonumber(ARGV[first + 3 * i - 2]), tonumber(ARGV[first + 3 * i - 1])
    list[i] = d
  end
  return list
end

-- Counts an amount, which may be negative, as spent in a bucket.
local function spend(d, b, amount)
  if b == d.now then
    d.here = math.max(0, d.here + amount)
  else
    add(d.code .. ':' .. int(b), amount)
  end
  d.sum = math.max(0, d.sum + amount)
  if b > d.tail - COUNTED then d.planned = d.planned + amount end
end

-- Counts what a booking costs, or takes it off (sign -1).
local function count_booking(booking, sign)
  for code, amount in pairs(booking.cost) do
    local d, b = dims[code], bucket(code, booking.slot)
    add(code .. '@' .. int(b), sign * amount)
    d.booked = math.max(0, d.booked + sign * amount)
    if b > d.tail - COUNTED then d.planned = d.planned + sign * amount end
  end
end

local function load_costs(bookings)
  local codes = {}
  for _, booking in pairs(bookings) do
    for code in pairs(booking.cost) do codes[#codes + 1] = code end
  end
  load(codes)
end

-- Moves the end of the plan to another bucket. What leaves a window there is what the bucket COUNTED before held; past both now and
-- the end of the plan there is nothing that could leave.
local function move_tail(d, til)
  local sign, first, last = -1, d.tail + 1, math.min(til, math.max(d.tail, d.now) + COUNTED)
  if til < d.tail then sign, first, last = 1, til + 1, math.min(d.tail, til + COUNTED) end
  local fields = {}
  for b = first - COUNTED, last - COUNTED do
    fields[#fields + 1] = d.code .. ':' .. int(b)
    fields[#fields + 1] = d.code .. '@' .. int(b)
    if b == d.now then d.planned = d.planned + sign * d.here end
  end
  read(fields)
  for _, field in ipairs(fields) do d.planned = d.planned + sign * cells[field] end
  d.tail = til
end

-- The bookings of some leases, by lease.
local function bookings_of(leases)
  local bookings = {}
  if #leases == 0 then return bookings end
  for i, text in ipairs(redis.call('HMGET', KEYS[4], unpack(leases))) do
    if text then bookings[leases[i]] = cjson.decode(text) end
  end
  load_costs(bookings)
  return bookings
end

local function unbook(bookings)
  for lease, booking in pairs(bookings) do
    count_booking(booking, -1)
    redis.call('ZREM', KEYS[3], lease)
    redis.call('HDEL', KEYS[4], lease)
  end
end

-- Writes everything back. It is gone two windows after now, or after the last slot; without a line that is renewed once in a bucket.
local function write()
  local kept, gone, longest = {}, {}, minute
  local last = waiting > 0 and redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]
  for code, d in pairs(dims) do
    kept[#kept + 1] = code
    kept[#kept + 1] = string.format('%.0f %.0f %.0f %.0f', d.sum, d.from, d.now, d.here)
    if last then
      kept[#kept + 1] = code .. '@'
      kept[#kept + 1] = string.format('%.0f %.0f %.0f', d.booked, d.tail, math.max(0, d.planned))
    end
    longest = math.max(longest, span(code))
  end
  for field in pairs(changed) do
    if cells[field] == 0 then
      gone[#gone + 1] = field
    else
      kept[#kept + 1] = field
      kept[#kept + 1] = int(cells[field])
    end
  end
  if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
  if #kept > 0 then redis.call('HSET', KEYS[1], unpack(kept)) end
  if not last and not turned and next(dims) then return end
  local ttl = int(2 * longest + math.max(0, (last or 0) - now))
  redis.call('PEXPIRE', KEYS[1], ttl)
  redis.call('PEXPIRE', KEYS[3], ttl)
  redis.call('PEXPIRE', KEYS[4], ttl)
end
