-- Takes the next delivery of a lane, as BullMQ's moveToActive does where nothing is special about the lane.
-- KEYS wait, active, prioritized, delayed, meta, marker, pc
-- ARGV prefix, token, lock duration ms
-- Gives {id, data, times it was begun, 1 where nothing is left to fetch}; {when the first delayed one is due, ms} or {} where nothing
-- waits; -2, and has taken nothing, where BullMQ's own script must look: delayed ones are due, somebody paused or limited the queue.
--
-- BullMQ sets the marker again with each delivery that it hands out, for others to look whether there are more. Where there are none,
-- that wakes the one who took the last for nothing, in front of what the delivery waits for. Here it stays only while something waits.
local call = redis.call
local active, prioritized, marker = KEYS[2], KEYS[3], KEYS[6]
local meta = call('HMGET', KEYS[5], 'paused', 'concurrency', 'max')
if meta[1] or meta[2] or meta[3] then return -2 end
local due = tonumber(call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2])
due = due and due / 4096
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if due and due < now + 1 then return -2 end

-- `wait` has those whose holder was lost.
local id = call('RPOPLPUSH', KEYS[1], active)
local more = id
if not id then
  id = call('ZPOPMIN', prioritized)[1]
  if not id then
    -- The counter of adds orders equal priorities; with nobody waiting it may begin again.
    call('DEL', KEYS[7])
    return { due and math.floor(due) }
  end
  call('LPUSH', active, id)
  more = call('ZCARD', prioritized) > 0
end
local key = ARGV[1] .. id
call('SET', key .. ':lock', ARGV[2], 'PX', ARGV[3])
local known = call('HMGET', key, 'data', 'ats')
local begun = (tonumber(known[2]) or 0) + 1
call('HSET', key, 'processedOn', string.format('%d', now), 'ats', begun)
if more or due then call('ZADD', marker, 0, '0') else call('ZREM', marker, '0') end
return { id, known[1] or '{}', begun, more and 0 or due and 0 or 1 }
