-- What the provider teaches by its answers. Inside `careful`, see state.lua.
local BACK = 0.05

local function begin_learning()
  if not M then M = { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } end
  learnt = true
end

-- A call has ended well. What was lowered comes back: with the use of a whole window 5 % of the limits, with each round of calls one
-- place.
local function succeed(estimates)
  if M[SHARE] < 1 then
    local used = 0
    for _, x in ipairs(limited) do
      if x < 5 and estimates[2 + x] > 0 then used = math.max(used, estimates[2 + x] / most[x]) end
    end
    M[SHARE] = math.min(1, M[SHARE] + BACK * math.min(1, used))
    learnt = true
  end
  if M[PLACES] > 0 then
    M[PLACES] = M[PLACES] + 1 / M[PLACES]
    learnt = true
  end
end

-- Takes the provider's word, given with an answer to this grant, from ARGV[at] on: a limit below ours is the limit, and what its window
-- held beyond ours when the call began, or now (calls granted after this one may have been there before it), is others'. Only where its
-- limit is of the size of ours: else it is of another window, a second's or a day's. A call that was long on its way says too little
-- of now.
local function state(grant, since, at)
  if #grant < SUMS_AT + 31 or now - since > minute / 2 then return end
  local sums = { struct.unpack(SUMS, grant, SUMS_AT) }
  for _, x in ipairs(limited) do
    local ours, limit, remaining = tonumber(ARGV[2 + x]), 0, -1
    if x < 5 then limit, remaining = tonumber(ARGV[at + 2 * x - 2]), tonumber(ARGV[at + 2 * x - 1]) end
    if limit >= ours / 20 and limit <= ours * 1.5 then
      local told, foreign = limit < ours and limit or 0, 0
      if remaining >= 0 then foreign = math.max(0, limit - remaining - math.max(sums[x], S[SUM + x])) end
      -- What comes from different ways of counting is no news.
      if foreign < limit / 100 then foreign = 0 end
      if foreign > 0 or told > 0 or M and (M[FOREIGN + x] > 0 or M[TOLD + x] > 0) then
        begin_learning()
        M[TOLD + x], M[FOREIGN + x], M[STATED] = told, foreign, now
      end
    end
  end
end

-- Too much: fewer tokens and requests, or fewer places. Once for all calls that were on the way together.
local function lower(share, halve, places)
  begin_learning()
  if now - M[LOWERED] < math.max(minute / 60, S[HOLD]) then return end
  M[LOWERED] = now
  if share then M[SHARE] = math.max(0.25, M[SHARE] * 0.9) end
  if halve and places > 0 then
    local now_used = math.min(M[PLACES] > 0 and M[PLACES] or places, math.max(1, S[LIVE]))
    M[PLACES] = math.max(1, places / 16, now_used / 2)
  end
end

local function keep_learnt(places)
  if not learnt then return end
  if M[PLACES] >= places then M[PLACES] = 0 end
  local plain = M[SHARE] == 1 and M[PLACES] == 0
  for x = 5, 12 do plain = plain and M[x] == 0 end
  if plain then
    call('HDEL', KEYS[1], '~')
  else
    kept[#kept + 1] = '~'
    kept[#kept + 1] = struct.pack(LEARNT, unpack(M, 1, 12))
  end
end
