-- What `reserve` does when the places could be full, or a call is known already, or there is no room. Inside `careful`, see state.lua.
-- Finds leases that have run out: they hold no place any more, but their tokens can still be corrected.
-- `taken` places are this script's own.
local looked = false
local function lapse(taken)
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
  S[LIVE] = call('ZCOUNT', KEYS[2], int(now), '+inf') + taken
end

-- The same request again gets the same answer. A lease that ran out went with its owner; then this is a new request.
local function holds(lease, grant, taken)
  local state = string.byte(grant)
  if state == HELD then
    local til = call('ZSCORE', KEYS[2], lease)
    if til and tonumber(til) > now then return true end
    lapse(taken)
  end
  return state == SETTLED
end

-- There is a line, or there must be one: true when the call may take what it asks for, otherwise {slot, what it waits for}. A call of a
-- batch (`part` below 1) gets nothing as long as others wait, and no place in the line.
local function ask(lease, amounts, places, taken, part)
  begin_line()

  -- The line without the lease itself: its length, those whose slot is near, and the last slot.
  local own, others, near, last = nil, 0, 0, 0
  if S[WAITING] > 0 then
    unbook(bookings_of(call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. int(now - LAPSE), 'LIMIT', 0, 20)))
    own = bookings_of({ lease })[lease]
    if own and own.slot < now - LAPSE then
      unbook({ [lease] = own })
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
  -- Its slot has come: what others booked no longer stands before it.
  local due = own ~= nil and own.slot <= now
  -- Nor does it for the first in line, who may come early: by then its tokens have left the window earlier too. Anybody else must
  -- leave room for everything that is booked.
  local first_in_line = due or own ~= nil and call('ZCOUNT', KEYS[3], '-inf', '(' .. int(own.slot)) == 0

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

  local claims = first_in_line and 0 or near
  if places > 0 and S[LIVE] + claims >= places then lapse(taken) end
  local no_place = places > 0 and S[LIVE] + claims >= places
  local full = {}
  for _, x in ipairs(limited) do
    local spent = S[SUM + x]
    if not first_in_line then spent = spent + L[BOOKED + x] - (own and own.cost[x] or 0) end
    if amounts[x] > 0 and spent + amounts[x] > limits[x] * part then full[#full + 1] = x end
  end

  local behind = part < 1 and others > 0
  if S[LIMITED] <= now and not no_place and not behind and #full == 0 then
    if own then unbook({ [lease] = own }) end
    return true
  end

  if own and not due and own.slot >= S[LIMITED] then return { own.slot, own.why } end

  if own then unbook({ [lease] = own }) end
  local slot, why = 0, nil
  local function wait_for(at, reason)
    if at > slot then slot, why = at, reason end
  end
  -- Once the provider is ready again: one after the other, not all at once.
  local from = S[LIMITED]
  if from > now then wait_for(from + call('ZCOUNT', KEYS[3], int(from), int(from + minute)), 'r') end
  if no_place then wait_for(place_at(), 'f') end
  -- The plan ends at the last slot of the others, and never before now.
  for _, x in ipairs(limited) do move_tail(x, math.max(here(x), bucket(x, last))) end
  for _, x in ipairs(full) do wait_for(room_at(x, amounts[x], due, part), CODES[x]) end
  if behind then wait_for(last + 1, CODES[full[1] or 1]) end
  if #full > 0 and not due then slot = math.max(slot, last + 1) end
  slot = math.max(math.ceil(slot), now + 1)

  if part < 1 then return { slot, why } end
  local booking = { slot = slot, why = why, cost = {} }
  for x = 1, 5 do booking.cost[x] = math.max(0, amounts[x]) end
  book(lease, booking)
  return { slot, why }
end
