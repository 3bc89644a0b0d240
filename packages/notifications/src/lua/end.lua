-- The end of one try. Who lost its lease to another changes nothing.
-- KEYS queues types disabled testChannel
-- ARGV prefix, delivery, token, result (delivered, retry, dead, gone, back: not made at all), delay ms, row of the log, queue rests ms, most at a time
-- Gives {1, next look|-1}, or {0} when the try was not the caller's any more.
local prefix, id, result, now = ARGV[1], ARGV[2], ARGV[4], clock()
local key = delivery_key(prefix, id)
local f = redis.call('HMGET', key, 'k', 'q', 'o', 'n', 'a', 'x', 's')
if f[1] ~= ARGV[3] or f[7] ~= 'pending' then return { 0 } end
local queue, owner = f[2], f[3]
local due, health = due_key(prefix, queue), health_key(prefix, queue)
redis.call('ZREM', flight_key(prefix, queue), id)
redis.call('HSET', key, 'k', '')
local rests = 0
if result ~= 'back' then
  local number = tonumber(f[4]) + 1
  redis.call('HSET', key, 'n', number, 'r' .. number, ARGV[6])
  redis.call('HDEL', key, 'r' .. (number - 20))
  local h = redis.call('HMGET', health, 'a', 'f')
  if result == 'delivered' then
    redis.call('HSET', health, 'a', math.min(tonumber(h[1] or 2) * 2, tonumber(ARGV[8])), 'f', 0, 'r', 0)
  else
    -- Three failures in a row are the receiver's, not the event's: it rests, a second at first and a minute at most.
    local failed = tonumber(h[2] or 0) + 1
    if failed >= 3 then rests = math.min(1000 * 2 ^ math.min(failed - 3, 10), 60000) end
    rests = now + math.max(rests, tonumber(ARGV[7]))
    redis.call('HSET', health, 'a', 1, 'f', failed, 'r', int(rests))
  end
  redis.call('PEXPIRE', health, KEPT_MS)
end
if result == 'retry' or result == 'back' then
  redis.call('ZADD', due, int(now + ARGV[5]), id)
  redis.call('PEXPIRE', key, KEPT_MS)
else
  local status = result == 'delivered' and 'delivered' or 'dead'
  redis.call('ZREM', due, id)
  redis.call('HSET', key, 's', status)
  redis.call('PEXPIRE', key, KEPT_MS)
  move(prefix, owner, id, 'pending', status, f[5])
  if f[6] == '1' then redis.call('SPUBLISH', KEYS[4], id) end
end
if result == 'gone' and string.sub(queue, 1, 4) == 'whe_' then
  redis.call('HDEL', KEYS[2], queue)
  redis.call('HSET', KEYS[3], queue, 'gone')
  rests = 0
  if redis.call('EXISTS', due) == 1 then redis.call('ZADD', KEYS[1], int(now), queue) end
else
  schedule_queue(prefix, KEYS[1], queue, rests > 0 and rests or nil)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { 1, first[2] or '-1' }
