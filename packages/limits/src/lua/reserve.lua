-- A call asks for a place and for its requests and tokens, all or nothing.
-- ARGV 3 lease, 4 leaseMs, 5 places (0: any number), 6 how long the grant is remembered, ms; then code, limit, amount of each dimension
-- Gives {1} granted, or {0, slot, what it waits for}: booked for that slot.
local lease, places = ARGV[3], tonumber(ARGV[5])
local known = redis.call('MGET', KEYS[5], KEYS[6])
local limited, grant = tonumber(known[1] or 0), known[2]

-- The same request again gets the same answer. A lease that ran out went with its owner; then this is a new request.
if grant then
  if string.sub(grant, 1, 7) == 'settled' then return { 1 } end
  local ends = redis.call('ZSCORE', KEYS[2], lease)
  if ends and tonumber(ends) > now then return { 1 } end
end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
local live = redis.call('ZCARD', KEYS[2])
local list = asked(7)
-- More than a whole window never fits: such a call gets one for itself.
for _, d in ipairs(list) do d.amount = math.min(d.amount, d.limit) end

-- The line without the lease itself: its length, those whose slot is near, and the last slot.
local own, others, near, last = nil, 0, 0, 0
if waiting > 0 then
  unbook(bookings_of(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. int(now - LAPSE), 'LIMIT', 0, 20)))
  own = bookings_of({ lease })[lease]
  if own and own.slot < now - LAPSE then
    unbook({ [lease] = own })
    own = nil
  end
  near = redis.call('ZCOUNT', KEYS[3], '-inf', int(now + CLAIM))
  others = redis.call('ZCARD', KEYS[3])
  local ends = redis.call('ZREVRANGE', KEYS[3], 0, 1, 'WITHSCORES')
  if ends[1] == lease then table.remove(ends, 1) table.remove(ends, 1) end
  last = tonumber(ends[2] or 0)
  if own then
    others = others - 1
    if own.slot <= now + CLAIM then near = near - 1 end
  end
end
-- Its slot has come: what others booked no longer stands before it. Anybody else must leave room for everything that is booked.
local due = own ~= nil and own.slot <= now

local function taken(d)
  if due then return d.sum end
  return d.sum + d.booked - (own and own.cost[d.code] or 0)
end

-- No clock says when a place gets free: an estimate from how long places are held and how many wait.
local function place_at()
  read({ 'hold' })
  local step = cells.hold > 0 and cells.hold / places or minute / 240
  local position = live + others - places + 1
  if due then position = 1 + redis.call('ZCOUNT', KEYS[3], '-inf', int(now)) end
  local wait = minute / 3000 + step * position
  -- Its turn has come, so it keeps its claim on the next place.
  if due then wait = math.min(wait, CLAIM) end
  return now + math.ceil(wait)
end

local no_place = places > 0 and live + (due and 0 or near) >= places
local full = {}
for _, d in ipairs(list) do
  if d.amount > 0 and taken(d) + d.amount > d.limit then full[#full + 1] = d end
end

if limited <= now and not no_place and #full == 0 then
  if own then unbook({ [lease] = own }) end
  local held = { 'held ' .. int(now) }
  for _, d in ipairs(list) do
    spend(d, d.now, d.amount)
    held[#held + 1] = d.code .. '=' .. int(d.amount)
  end
  write()
  redis.call('ZADD', KEYS[2], int(now + ARGV[4]), lease)
  redis.call('PEXPIRE', KEYS[2], int(10 * minute + 2 * ARGV[4]))
  redis.call('SET', KEYS[6], table.concat(held, ' '), 'PX', ARGV[6])
  return { 1 }
end

if own and not due and own.slot >= limited then
  write()
  return { 0, own.slot, own.why }
end

if own then unbook({ [lease] = own }) end
local slot, why = 0, nil
local function wait_for(at, reason)
  if at > slot then slot, why = at, reason end
end
-- Once the provider is ready again: one after the other, not all at once.
if limited > now then wait_for(limited + redis.call('ZCOUNT', KEYS[3], int(limited), int(limited + minute)), 'r') end
if no_place then wait_for(place_at(), 'f') end
-- The plan ends at the last slot of the others, and never before now.
for _, d in ipairs(list) do move_tail(d, math.max(d.now, bucket(d.code, last))) end
for _, d in ipairs(full) do
  local b, sum = d.tail, d.planned
  if due then b, sum = d.now, d.sum end
  local til = b + COUNTED
  while sum + d.amount > d.limit and b < til do
    -- Looks 16 buckets ahead at a time.
    local fields = {}
    for ahead = b + 1, math.min(b + 16, til) do
      local leaving = int(ahead - COUNTED)
      fields[#fields + 1] = d.code .. ':' .. leaving
      fields[#fields + 1] = d.code .. '@' .. leaving
    end
    read(fields)
    for i = 1, #fields, 2 do
      b = b + 1
      sum = sum - cells[fields[i]]
      if b - COUNTED == d.now then sum = sum - d.here end
      if not due then sum = sum - cells[fields[i + 1]] end
      if sum + d.amount <= d.limit then break end
    end
  end
  wait_for(b * width(d.code), d.code)
end
if #full > 0 and not due then slot = math.max(slot, last + 1) end
slot = math.max(math.ceil(slot), now + 1)

local booking = { slot = slot, why = why, cost = {} }
for _, d in ipairs(list) do booking.cost[d.code] = d.amount end
count_booking(booking, 1)
waiting = waiting + 1
redis.call('ZADD', KEYS[3], int(slot), lease)
redis.call('HSET', KEYS[4], lease, cjson.encode(booking))
write()
return { 0, slot, why }
