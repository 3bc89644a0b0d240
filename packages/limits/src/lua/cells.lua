-- What a script needs when a bucket begins, a window is corrected, or somebody waits in line. Inside `careful`, see state.lua.
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

-- Adds to many fields, each with an amount of its own, never below nothing.
local function add(fields, amounts)
  read(fields)
  for i, field in ipairs(fields) do set(field, math.max(0, cells[field] + amounts[i])) end
end

-- What was spent in a bucket changes what the plan of the line holds at its end.
local function plan(x, b, amount)
  if b > L[TAIL + x] - COUNTED then L[PLANNED + x] = L[PLANNED + x] + amount end
end

-- Begins the bucket of now for some dimensions. Forgets those that no longer count: all of them if Redis' clock was set back by more
-- than a window.
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
        if L then plan(x, b, -cells[field]) end
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
end

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

-- Writes everything back, after the leases. With a line the keys stay for TTL after the last slot, otherwise that is renewed once in a
-- bucket.
local function save()
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
  if not turned and not waiting then return end
  local ttl = TTL
  if waiting then
    ttl = ttl + math.max(0, call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2] - now)
    call('PEXPIRE', KEYS[3], int(ttl))
  end
  call('PEXPIRE', KEYS[1], int(ttl))
  call('PEXPIRE', KEYS[2], int(ttl))
end

if S[WAITING] > 0 then L = { struct.unpack(LINE, call('HGET', KEYS[1], '@')) } end
if S[AT] ~= BUCKET then turn(AT, BUCKET, 1, 4) end
if S[DAY_AT] ~= DAY_BUCKET then turn(DAY_AT, DAY_BUCKET, 5, 5) end
