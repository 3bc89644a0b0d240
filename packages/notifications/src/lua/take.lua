-- Hands due deliveries to a deliverer, each under a lease: who dies loses it, and the try is made again when the lease has ended.
-- No queue gets more than its allowance at a time (2 at first, doubled by each success up to the most, 1 after a failure) and none
-- while it rests; those that failed last have a share of their own, so that no number of dead receivers takes all places.
-- KEYS queues endpoints types defaults
-- ARGV prefix, how many, of these how many for queues that failed last, lease ms, most at a time for a queue, token
-- Gives {next look|-1, more '1'|'0', then for each try: {id, fields of the delivery, record of its endpoint|'', 1 when its queue failed last}}
local prefix, quota, sick, lease, most, token = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local now = clock()
local tries, more = {}, 0

local function cancel_all(queue, due)
  for _, id in ipairs(redis.call('ZRANGE', due, 0, 199)) do
    redis.call('ZREM', due, id)
    redis.call('ZREM', flight_key(prefix, queue), id)
    local key = delivery_key(prefix, id)
    local f = redis.call('HMGET', key, 'o', 'a')
    if f[1] then
      redis.call('HSET', key, 's', 'cancelled', 'k', '')
      move(prefix, f[1], id, 'pending', 'cancelled', f[2])
    end
  end
end

local function hand_out(queue, due, record, count, failed)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', int(now), 'LIMIT', 0, count)) do
    local key = delivery_key(prefix, id)
    local f = redis.call('HMGET', key, 'e', 't', 'd', 'c', 'o', 'u', 'p', 'x', 'n', 'b')
    if not f[1] then
      redis.call('ZREM', due, id)
    else
      redis.call('HSET', key, 'k', token)
      redis.call('ZADD', due, int(now + lease), id)
      redis.call('ZADD', flight_key(prefix, queue), int(now + lease), id)
      quota = quota - 1
      tries[#tries + 1] = { id, f, record, failed and 1 or 0 }
    end
  end
end

for _, queue in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, 100)) do
  if quota <= 0 then
    more = 1
    break
  end
  local due, flight = due_key(prefix, queue), flight_key(prefix, queue)
  local endpoint = string.match(queue, '^whe_.*') or string.match(queue, '^test_(.*)')
  local record = endpoint and endpoint ~= 'default' and redis.call('HGET', KEYS[2], endpoint) or redis.call('GET', KEYS[4]) or ''
  local is_gone = endpoint and endpoint ~= 'default' and redis.call('HEXISTS', KEYS[2], endpoint) == 0
  if is_gone or (string.sub(queue, 1, 4) == 'whe_' and redis.call('HEXISTS', KEYS[3], queue) == 0) then
    cancel_all(queue, due)
    schedule_queue(prefix, KEYS[1], queue)
    if redis.call('EXISTS', due) == 1 then
      redis.call('ZADD', KEYS[1], int(now), queue)
      more = 1
    end
  else
    redis.call('ZREMRANGEBYSCORE', flight, '-inf', int(now))
    local health = redis.call('HMGET', health_key(prefix, queue), 'a', 'f', 'r')
    local rests, failed = tonumber(health[3] or 0), tonumber(health[2] or 0) > 0
    if rests > now then
      schedule_queue(prefix, KEYS[1], queue, rests)
    elseif failed and sick <= 0 then
      schedule_queue(prefix, KEYS[1], queue, now + 250)
    else
      local free = math.min(tonumber(health[1] or 2), most) - redis.call('ZCARD', flight)
      local count = math.min(free, quota, failed and sick or free)
      local before = quota
      if count > 0 then hand_out(queue, due, record, count, failed) end
      if failed then sick = sick - (before - quota) end
      -- At its allowance: the end of a try brings it up again, or the end of a lease.
      if count == free then
        schedule_queue(prefix, KEYS[1], queue, now + lease)
        local first = redis.call('ZRANGEBYSCORE', due, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
        local waits = redis.call('ZCOUNT', due, '-inf', int(now))
        if waits == 0 and first[2] then redis.call('ZADD', KEYS[1], first[2], queue) end
      else
        schedule_queue(prefix, KEYS[1], queue)
        if redis.call('ZCOUNT', due, '-inf', int(now)) > 0 then more = 1 end
      end
    end
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { first[2] or '-1', more, tries }
