--!df flags=allow-undeclared-keys
-- Names of queues and deliveries are made here from the project's prefix, so all of them are in the slot of KEYS[1].
-- A delivery (hash): e event id, t type, d data id, c created (s), o owner, q queue, u url|'', p traceparent|'', x '1' = test,
--   s status, n tries so far, b tries before this round, k token of the try under way|'', a created (ms), r<n> rows of tries.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function int(number) return string.format('%.0f', number) end

local function delivery_key(prefix, id) return prefix .. 'wh:d:' .. id end
local function due_key(prefix, queue) return prefix .. 'wh:due:' .. queue end
local function flight_key(prefix, queue) return prefix .. 'wh:flight:' .. queue end
local function health_key(prefix, queue) return prefix .. 'wh:health:' .. queue end
local function log_key(prefix, owner, status) return prefix .. 'wh:log:' .. owner .. (status and ':' .. status or '') end

-- Kept seven days after its last change, at most so many ended ones of a kind.
local KEPT_MS, MOST_ENDED = 604800000, 10000

local function move(prefix, owner, id, from, to, created)
  redis.call('ZREM', log_key(prefix, owner, from), id)
  local key = log_key(prefix, owner, to)
  redis.call('ZADD', key, created, id)
  redis.call('PEXPIRE', key, KEPT_MS)
  if to ~= 'pending' and redis.call('ZCARD', key) > MOST_ENDED then
    for i, old in ipairs(redis.call('ZPOPMIN', key, 10)) do
      if i % 2 == 1 then
        redis.call('ZREM', log_key(prefix, owner), old)
        redis.call('DEL', delivery_key(prefix, old))
      end
    end
  end
end

-- A queue is looked at when its first delivery is due; one with nothing in it is none.
local function schedule_queue(prefix, queues, queue, not_before)
  local first = redis.call('ZRANGE', due_key(prefix, queue), 0, 0, 'WITHSCORES')
  if not first[1] then
    redis.call('ZREM', queues, queue)
    return
  end
  local at = tonumber(first[2])
  if not_before and at < not_before then at = not_before end
  redis.call('ZADD', queues, int(at), queue)
end

local function add_delivery(prefix, queues, most, id, owner, queue, url, event, kind, data, created, trace, test, now)
  local key, pending = delivery_key(prefix, id), log_key(prefix, owner, 'pending')
  if redis.call('EXISTS', key) == 1 then return false end
  if redis.call('ZCARD', pending) >= tonumber(most) then return false end
  redis.call('HSET', key, 'e', event, 't', kind, 'd', data, 'c', created, 'o', owner, 'q', queue, 'u', url, 'p', trace, 'x', test,
    's', 'pending', 'n', 0, 'b', 0, 'k', '', 'a', int(now))
  redis.call('PEXPIRE', key, KEPT_MS)
  local log = log_key(prefix, owner)
  redis.call('ZADD', log, int(now), id)
  redis.call('ZADD', pending, int(now), id)
  redis.call('ZREMRANGEBYSCORE', log, '-inf', int(now - KEPT_MS))
  for _, index in ipairs({ log, pending }) do redis.call('PEXPIRE', index, KEPT_MS) end
  redis.call('ZADD', due_key(prefix, queue), int(now), id)
  redis.call('ZADD', queues, 'LT', int(now), queue)
  return true
end
