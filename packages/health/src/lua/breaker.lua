-- The breakers of the fleet. KEYS: breakers (hash), seen (hash), channel. ARGV[1]: what is asked, JSON. Times are epoch ms of Redis.
local asked = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local nowMs = asked.nowMs or (time[1] * 1000 + math.floor(time[2] / 1000))

-- In how long what was counted loses two thirds of its weight.
local WINDOW_MS = 20000
-- A run of failures is over after so long without one.
local STREAK_MS = 600000
-- Closed for this many times its last opening, a breaker has forgotten that it flapped.
local STEADY = 10
local MOST_OPENINGS = 10
local MOST_PROBES = 3
-- A provider's own wish is followed this far.
local LONGEST_WISH_MS = 600000

local function load(scope)
  local kept = redis.call('HGET', KEYS[1], scope)
  if kept then return cjson.decode(kept) end
  return {
    open = false, revision = 0, ok = 0, bad = 0, atMs = nowMs, streak = 0, changedAtMs = 0, openings = 0, lengthMs = 0,
    sinceMs = 0, untilMs = 0, probeUntilMs = 0, nextProbeMs = 0, need = 1, got = 0,
  }
end

local function save(scope, b)
  redis.call('HSET', KEYS[1], scope, cjson.encode(b))
end

-- Something that others decide by has changed: they are told.
local function tell(scope, b)
  b.revision = b.revision + 1
  save(scope, b)
  redis.call('SPUBLISH', KEYS[3], cjson.encode({ scope = scope, breaker = b }))
end

local function age(b)
  local share = math.exp(math.min(0, b.atMs - nowMs) / WINDOW_MS)
  if nowMs - b.atMs > STREAK_MS then b.streak = 0 end
  b.ok, b.bad, b.atMs = b.ok * share, b.bad * share, nowMs
end

local function succeed(b, calls)
  b.ok = b.ok + calls
  b.streak = 0
end

-- Opens or reopens. Of several moments that were given, the latest holds.
local function open(b, wish)
  if not b.open then
    b.sinceMs = nowMs
    if nowMs - b.changedAtMs > STEADY * b.lengthMs then b.openings = 0 end
  end
  b.openings = math.min(b.openings + 1, MOST_OPENINGS)
  b.lengthMs = math.min(wish.openMs * 2 ^ (b.openings - 1), wish.longestMs)
  b.untilMs = math.max(b.untilMs, nowMs + b.lengthMs, nowMs + math.min(wish.retryAfterMs or 0, LONGEST_WISH_MS))
  b.open, b.cause, b.changedAtMs = true, wish.cause, nowMs
  b.need, b.got = math.min(b.openings, MOST_PROBES), 0
end

local function close(b)
  b.open, b.changedAtMs, b.untilMs, b.nextProbeMs = false, nowMs, 0, 0
  b.ok, b.bad, b.streak = 0, 0, 0
end

local function take_probe_back(b)
  b.probe, b.probeUntilMs = nil, 0
end

local function waits_until(b)
  local taken = (b.probe and b.probeUntilMs > nowMs) and b.probeUntilMs or 0
  return math.max(b.untilMs, b.nextProbeMs, taken)
end
