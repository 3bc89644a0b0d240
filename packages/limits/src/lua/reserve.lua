-- Calls ask for places and for their requests and tokens, each all or nothing, one after the other.
-- ARGV 3 to 7 limits, 8 leaseMs, 9 places (0: any number); then of each call its lease, input and output tokens
-- Gives for each 1, granted, or {slot, what it waits for}, booked for that slot.
read_limits()
local lease_ms, places = tonumber(ARGV[8]), tonumber(ARGV[9])
local fields = { '#' }
for i = 10, #ARGV, 3 do fields[#fields + 1] = '=' .. ARGV[i] end
local known = call('HMGET', KEYS[1], unpack(fields))
open(known[1])

local first, ends = S[LIVE] == 0, int(now + lease_ms)
-- What goes into the zset of leases; which calls this script granted; what the call at hand takes.
local granted, fresh, amounts = {}, {}, {}

local function take(lease)
  for i = 1, #limited do
    local x = limited[i]
    S[SUM + x], S[HERE + x] = S[SUM + x] + amounts[x], S[HERE + x] + amounts[x]
    if L and (x == 5 and DAY_BUCKET or BUCKET) > L[TAIL + x] - COUNTED then L[PLANNED + x] = L[PLANNED + x] + amounts[x] end
  end
  S[LIVE] = S[LIVE] + 1
  kept[#kept + 1] = '=' .. lease
  kept[#kept + 1] = struct.pack(GRANT, HELD, now, unpack(amounts, 1, 5))
  granted[#granted + 1] = ends
  granted[#granted + 1] = lease
  fresh[lease] = true
  return 1
end

-- Finds leases that have run out: they hold no place any more, but their tokens can still be corrected.
local looked = false
local function lapse()
  if looked then return end
  looked = true
  local forgotten = int(now + GRANT_KEPT - ENDED)
  repeat
    local gone = call('ZRANGEBYSCORE', KEYS[2], 0, int(now), 'LIMIT', 0, 1000)
    if #gone > 0 then
      local names, moved = {}, {}
      for i, lease in ipairs(gone) do
        names[i] = '=' .. lease
        moved[#moved + 1] = forgotten
        moved[#moved + 1] = lease
      end
      for i, grant in ipairs(call('HMGET', KEYS[1], unpack(names))) do
        -- At once: what `kept` has of this lease is newer.
        if grant then call('HSET', KEYS[1], names[i], string.char(LAPSED) .. string.sub(grant, 2)) end
      end
      call('ZADD', KEYS[2], unpack(moved))
    end
  until #gone < 1000
  S[LIVE] = call('ZCOUNT', KEYS[2], int(now), '+inf') + #granted / 2
end

-- The same request again gets the same answer. A lease that ran out went with its owner; then this is a new request.
local function holds(lease, grant)
  local state = string.byte(grant)
  if state == HELD then
    local til = call('ZSCORE', KEYS[2], lease)
    if til and tonumber(til) > now then return true end
    lapse()
  end
  return state == SETTLED
end

local line = nil
-- There is a line, or there must be one.
local function ask_in_line(lease)
  line = line or stand_in_line()
  line.begin_line()
  local LAPSE, CLAIM = line.LAPSE, line.CLAIM

  -- The line without the lease itself: its length, those whose slot is near, and the last slot.
  local own, others, near, last = nil, 0, 0, 0
  if S[WAITING] > 0 then
    line.unbook(line.bookings_of(call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. int(now - LAPSE), 'LIMIT', 0, 20)))
    own = line.bookings_of({ lease })[lease]
    if own and own.slot < now - LAPSE then
      line.unbook({ [lease] = own })
      own = nil
    end
    near = call('ZCOUNT', KEYS[3], '-inf', int(now + CLAIM))
    others = S[WAITING]
    local slots = call('ZREVRANGE', KEYS[3], 0, 1, 'WITHSCORES')
    if slots[1] == lease then table.remove(slots, 1) table.remove(slots, 1) end
    last = tonumber(slots[2] or 0)
    if own then
      others = others - 1
      if own.slot <= now + CLAIM then near = near - 1 end
    end
  end
  -- Its slot has come: what others booked no longer stands before it. Anybody else must leave room for everything that is booked.
  local due = own ~= nil and own.slot <= now

  -- No clock says when a place gets free: an estimate from how long places are held and how many wait.
  local function place_at()
    local step = S[HOLD] > 0 and S[HOLD] / places or minute / 240
    local position = S[LIVE] + others - places + 1
    if due then position = 1 + call('ZCOUNT', KEYS[3], '-inf', int(now)) end
    local wait = minute / 3000 + step * position
    -- Its turn has come, so it keeps its claim on the next place.
    if due then wait = math.min(wait, CLAIM) end
    return now + math.ceil(wait)
  end

  local claims = due and 0 or near
  if places > 0 and S[LIVE] + claims >= places then lapse() end
  local no_place = places > 0 and S[LIVE] + claims >= places
  local full = {}
  for _, x in ipairs(limited) do
    local taken = S[SUM + x]
    if not due then taken = taken + L[BOOKED + x] - (own and own.cost[x] or 0) end
    if amounts[x] > 0 and taken + amounts[x] > limits[x] then full[#full + 1] = x end
  end

  if S[LIMITED] <= now and not no_place and #full == 0 then
    if own then line.unbook({ [lease] = own }) end
    return take(lease)
  end

  if own and not due and own.slot >= S[LIMITED] then return { own.slot, own.why } end

  if own then line.unbook({ [lease] = own }) end
  local slot, why = 0, nil
  local function wait_for(at, reason)
    if at > slot then slot, why = at, reason end
  end
  -- Once the provider is ready again: one after the other, not all at once.
  local from = S[LIMITED]
  if from > now then wait_for(from + call('ZCOUNT', KEYS[3], int(from), int(from + minute)), 'r') end
  if no_place then wait_for(place_at(), 'f') end
  -- The plan ends at the last slot of the others, and never before now.
  for _, x in ipairs(limited) do line.move_tail(x, math.max(line.here(x), line.bucket(x, last))) end
  for _, x in ipairs(full) do wait_for(line.room_at(x, amounts[x], due), CODES[x]) end
  if #full > 0 and not due then slot = math.max(slot, last + 1) end
  slot = math.max(math.ceil(slot), now + 1)

  local booking = { slot = slot, why = why, cost = {} }
  for x = 1, 5 do booking.cost[x] = math.max(0, amounts[x]) end
  line.book(lease, booking)
  return { slot, why }
end

local answers = {}
for n = 2, #fields do
  local at = 3 * n + 4
  local lease, grant = ARGV[at], known[n]
  if fresh[lease] or grant and holds(lease, grant) then
    answers[n - 1] = 1
  else
    local input, output = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    amounts[1], amounts[2], amounts[3], amounts[4], amounts[5] = 1, input + output, input, output, 1
    local free = S[WAITING] == 0 and S[LIMITED] <= now and (places == 0 or S[LIVE] < places)
    for x = 1, 5 do
      local limit, amount = limits[x], amounts[x]
      if not limit then
        amounts[x] = -1
      else
        -- More than a whole window never fits: such a call gets one for itself.
        if amount > limit then amount = limit end
        amounts[x] = amount
        if amount > 0 and S[SUM + x] + amount > limit then free = false end
      end
    end
    answers[n - 1] = free and take(lease) or ask_in_line(lease)
  end
end

if #granted > 0 then call('ZADD', KEYS[2], unpack(granted)) end
if #granted > 0 or line or looked then save(first) end
return answers
