-- What one process saw in the last second. asked: ok (scope → successes), seen (deployment → sketch), halfLifeMs.
-- Bounds: names that went out of the catalog go an hour after their last call, once there are many; everything after a week.
local MANY = 512
local OLD_MS = 3600000
local WEEK_MS = 604800000

for scope, calls in pairs(asked.ok) do
  local b = load(scope)
  if not b.open then
    age(b)
    succeed(b, calls)
    save(scope, b)
  end
end

local function round(value)
  return math.floor(value * 1000 + 0.5) / 1000
end

for deployment, new in pairs(asked.seen) do
  local kept = redis.call('HGET', KEYS[2], deployment)
  local old = kept and cjson.decode(kept) or { atMs = nowMs, calls = 0, failed = 0, tokens = 0, tokensMs = 0, ttft = {} }
  local share = 2 ^ (math.min(0, old.atMs - nowMs) / asked.halfLifeMs)
  for _, name in ipairs({ 'calls', 'failed', 'tokens', 'tokensMs' }) do
    new[name] = round(old[name] * share + new[name])
  end
  for bucket, count in pairs(old.ttft) do
    local left = round(count * share + (new.ttft[bucket] or 0))
    new.ttft[bucket] = left >= 0.01 and left or nil
  end
  new.atMs = nowMs
  redis.call('HSET', KEYS[2], deployment, cjson.encode(new))
end

for _, key in ipairs({ KEYS[1], KEYS[2] }) do
  if redis.call('HLEN', key) > MANY then
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      if nowMs - cjson.decode(all[i + 1]).atMs > OLD_MS then redis.call('HDEL', key, all[i]) end
    end
  end
  redis.call('PEXPIRE', key, WEEK_MS)
end
return 0
