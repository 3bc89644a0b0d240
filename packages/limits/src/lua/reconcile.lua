-- Calls have ended: their places are free, and the windows show what they really used.
-- ARGV behind the leases, of each: whether it reached the provider (1 or 0), input and output tokens really used; then what the answer
-- to one of them said of the windows: which (0: nothing was said), of requests, tokens, input and output tokens the limit (0: not said)
-- and what remains (-1: not said); in the end places (0: any number).
if not known[1] then return end

local changes = false
if S[WAITING] > 0 then
  local bookings = care.bookings_of({ unpack(ARGV, 9, 8 + leases) })
  changes = next(bookings) ~= nil
  care.unbook(bookings)
end

-- Corrections of earlier buckets; leases that ended, with the moment to forget them; those that never were.
local earlier, by, ended, undone, seen = {}, {}, {}, {}, {}
local reached_til = string.format('%d', now + minute - ENDED)

local stated = tonumber(ARGV[9 + 4 * leases])
for n = 1, leases do
  local at = 6 + leases + 3 * n
  local lease, grant = ARGV[8 + n], known[n + 2]
  if grant and not seen[lease] and string.byte(grant) ~= SETTLED then
    seen[lease] = true
    changes = true
    local estimates = { struct.unpack(AMOUNTS, grant) }
    local since, reached = estimates[2], ARGV[at] == '1'
    if n == stated then
      care = care or careful()
      care.state(grant, since, 10 + 4 * leases)
    end
    if estimates[1] == HELD then S[LIVE] = math.max(0, S[LIVE] - 1) end
    local input, output, calls = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), reached and 1 or 0
    for i = 1, #limited do
      local x = limited[i]
      local used = x == 2 and input + output or x == 3 and input or x == 4 and output or calls
      local estimate = estimates[2 + x]
      local more = estimate < 0 and 0 or used - estimate
      if more ~= 0 then
        -- Less is given back where it was taken, as long as that bucket counts.
        local from, here, b = S[AT + 1], BUCKET, math.floor(since / WIDTH)
        if x == 5 then from, here, b = S[DAY_AT + 1], DAY_BUCKET, math.floor(since / DAY_WIDTH) end
        if more > 0 then b = here end
        if b >= from and b <= here then
          if b == here then
            S[HERE + x] = math.max(0, S[HERE + x] + more)
          else
            earlier[#earlier + 1] = CODES[x] .. ':' .. string.format('%d', b)
            by[#earlier] = more
          end
          S[SUM + x] = math.max(0, S[SUM + x] + more)
          if L then care.plan(x, b, more) end
        end
      end
    end
    if reached then
      local held = math.max(1, now - since)
      S[HOLD] = S[HOLD] == 0 and held or math.ceil(0.8 * S[HOLD] + 0.2 * held)
      if M then care = care or careful() care.succeed(estimates) end
      kept[#kept + 1] = fields[n + 2]
      kept[#kept + 1] = string.char(SETTLED)
      ended[#ended + 1] = reached_til
      ended[#ended + 1] = lease
    else
      undone[#undone + 1] = lease
    end
  end
end

if not changes then return end
if #earlier > 0 then
  care = care or careful()
  care.add(earlier, by)
end
if #ended > 0 then call('ZADD', KEYS[2], unpack(ended)) end
if #undone > 0 then
  call('ZREM', KEYS[2], unpack(undone))
  for i, lease in ipairs(undone) do undone[i] = '=' .. lease end
  call('HDEL', KEYS[1], unpack(undone))
end
if learnt then care.keep_learnt(tonumber(ARGV[18 + 4 * leases])) end
if care then
  care.save()
else
  call('HSET', KEYS[1], '#', struct.pack(STATE, unpack(S, 1, 18)), unpack(kept))
end
