-- Calls ask for places and for their requests and tokens, each all or nothing, one after the other.
-- ARGV behind the leases: leaseMs, places (0: any number), then of each call its input and output tokens and whether it is of a batch
-- Gives for each 1, granted, or {slot, what it waits for}, booked for that slot; calls of a batch are not booked.
-- Calls of a batch leave the rest to others.
local BATCH = 0.85
local lease_ms, places = tonumber(ARGV[9 + leases]), tonumber(ARGV[10 + leases])
local most_places = places
if M and M[PLACES] > 0 then most_places = math.min(places, math.max(1, math.floor(M[PLACES]))) end
local first, ends = S[LIVE] == 0, string.format('%d', now + lease_ms)
-- What goes into the zset of leases; which calls this script granted; what the call at hand takes.
local granted, fresh, amounts, answers = {}, {}, {}, {}

for n = 1, leases do
  local lease, grant = ARGV[8 + n], known[n + 2]
  local answer = fresh[lease]
  if grant and not answer then
    care = care or careful()
    answer = care.holds(lease, grant, #granted / 2)
  end
  if answer then
    answers[n] = 1
  else
    local at = 8 + leases + 3 * n
    local input, output, part = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), 1
    places = most_places
    if ARGV[at + 2] == '1' then
      part = BATCH
      if places > 0 then places = math.max(1, math.floor(places * part)) end
    end
    amounts[1], amounts[2], amounts[3], amounts[4], amounts[5] = 1, input + output, input, output, 1
    answer = S[WAITING] == 0 and S[LIMITED] <= now and (places == 0 or S[LIVE] < places)
    for x = 1, 5 do
      local limit, amount = limits[x], amounts[x]
      if not limit then
        amounts[x] = -1
      else
        -- More than a whole window never fits: such a call gets one for itself.
        if amount > most[x] * part then
          amount = math.max(1, math.floor(most[x] * part))
          amounts[x] = amount
        end
        if amount > 0 and S[SUM + x] + amount > limit * part then answer = false end
      end
    end
    if not answer then
      care = care or careful()
      answer = care.ask(lease, amounts, places, #granted / 2, part)
    end
    if answer == true then
      for i = 1, #limited do
        local x = limited[i]
        S[SUM + x], S[HERE + x] = S[SUM + x] + amounts[x], S[HERE + x] + amounts[x]
        if L then care.plan(x, x == 5 and DAY_BUCKET or BUCKET, amounts[x]) end
      end
      S[LIVE] = S[LIVE] + 1
      kept[#kept + 1] = fields[n + 2]
      kept[#kept + 1] = struct.pack(GRANT, HELD, now, amounts[1], amounts[2], amounts[3], amounts[4], amounts[5], unpack(S, SUM + 1, SUM + 4))
      granted[#granted + 1] = ends
      granted[#granted + 1] = lease
      fresh[lease] = true
      answer = 1
    end
    answers[n] = answer
  end
end

if #granted > 0 then call('ZADD', KEYS[2], unpack(granted)) end
if care then
  care.save()
elseif #granted > 0 then
  call('HSET', KEYS[1], '#', struct.pack(STATE, unpack(S, 1, 18)), unpack(kept))
end
-- There was perhaps no lease, and their key is new.
if first then call('PEXPIRE', KEYS[2], string.format('%d', TTL)) end
return answers
