-- What a script needs when somebody waits in line, or has to. Inside `careful`, see state.lua.
-- A booked slot that nobody came for is given up after this time (10 s of a minute).
local LAPSE = math.ceil(minute / 6)
-- Whoever has a slot within this time (1 s of a minute) has a claim on the next free place.
local CLAIM = math.ceil(minute / 60)

local function width(x) return x == 5 and DAY_WIDTH or WIDTH end
local function here(x) return x == 5 and DAY_BUCKET or BUCKET end
local function bucket(x, at) return math.floor(at / width(x)) end

-- Nobody waits: the plan ends now, with what was spent.
local function begin_line()
  if S[WAITING] > 0 then return end
  L = {}
  for x = 1, 5 do L[BOOKED + x], L[TAIL + x], L[PLANNED + x] = 0, here(x), S[SUM + x] end
end

-- Counts what a booking costs, or takes it off (sign -1).
local function count_booking(booking, sign)
  for x, amount in ipairs(booking.cost) do
    if amount > 0 then
      local b = bucket(x, booking.slot)
      local field = CODES[x] .. '@' .. int(b)
      add({ field }, { sign * amount })
      L[BOOKED + x] = math.max(0, L[BOOKED + x] + sign * amount)
      plan(x, b, sign * amount)
    end
  end
  S[WAITING] = S[WAITING] + sign
end

-- Moves the end of the plan to another bucket. What leaves a window there is what the bucket COUNTED before held; past both now
-- and the end of the plan there is nothing that could leave.
local function move_tail(x, til)
  local tail = L[TAIL + x]
  local sign, first, last = -1, tail + 1, math.min(til, math.max(tail, here(x)) + COUNTED)
  if til < tail then sign, first, last = 1, til + 1, math.min(tail, til + COUNTED) end
  local fields, planned = {}, L[PLANNED + x]
  for b = first - COUNTED, last - COUNTED do
    fields[#fields + 1] = CODES[x] .. ':' .. int(b)
    fields[#fields + 1] = CODES[x] .. '@' .. int(b)
    if b == here(x) then planned = planned + sign * S[HERE + x] end
  end
  read(fields)
  for _, field in ipairs(fields) do planned = planned + sign * cells[field] end
  L[TAIL + x], L[PLANNED + x] = til, planned
end

-- The bookings of some leases, by lease.
local function bookings_of(leases)
  local bookings, fields = {}, {}
  if #leases == 0 then return bookings end
  for i, lease in ipairs(leases) do fields[i] = '?' .. lease end
  for i, text in ipairs(call('HMGET', KEYS[1], unpack(fields))) do
    if text then bookings[leases[i]] = cjson.decode(text) end
  end
  return bookings
end

local function book(lease, booking)
  count_booking(booking, 1)
  call('ZADD', KEYS[3], int(booking.slot), lease)
  call('HSET', KEYS[1], '?' .. lease, cjson.encode(booking))
end

local function unbook(bookings)
  for lease, booking in pairs(bookings) do
    count_booking(booking, -1)
    call('ZREM', KEYS[3], lease)
    call('HDEL', KEYS[1], '?' .. lease)
  end
end

-- When a dimension has room for an amount, with everything that is booked (or without, for one whose turn has come).
local function room_at(x, amount, due, part)
  local limit = limits[x] * part
  local b, sum = L[TAIL + x], L[PLANNED + x]
  if due then b, sum = here(x), S[SUM + x] end
  local til = b + COUNTED
  while sum + amount > limit and b < til do
    -- Looks 16 buckets ahead at a time.
    local fields = {}
    for ahead = b + 1, math.min(b + 16, til) do
      local leaving = int(ahead - COUNTED)
      fields[#fields + 1] = CODES[x] .. ':' .. leaving
      fields[#fields + 1] = CODES[x] .. '@' .. leaving
    end
    read(fields)
    for i = 1, #fields, 2 do
      b = b + 1
      sum = sum - cells[fields[i]]
      if b - COUNTED == here(x) then sum = sum - S[HERE + x] end
      if not due then sum = sum - cells[fields[i + 1]] end
      if sum + amount <= limit then break end
    end
  end
  return b * width(x)
end
