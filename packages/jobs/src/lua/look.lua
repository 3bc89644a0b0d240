-- The sweeper looks at a job whose moment has come and does what belongs to this slot.
-- KEYS record readers due outbox events request result ended
-- ARGV id, queueCheckMs, graceMs, statusEvent, suspectLane, archiveAgainMs, leaseGraceMs
-- Gives {'none'}, {'expire'}, {'cancel'} (nobody follows it), {'check', lane, delivery} (does its lane know it?),
--       {'redeliver', lane, delivery} (its owner vanished), {'quarantine', lane, delivery} (the third one), {'archive'}, {'forget'} (result and log have expired).
local record, readers, due, outbox, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local f = redis.call('HMGET', record, 'status', 'lease', 'deadline', 'lane', 'delivery', 'crashes', 'archive', 'expires', 'fence', 'attempts', 'notbefore', 'stream', 'seq', 'draining')
local now = clock()
local function again(at) redis.call('ZADD', due, int(at), ARGV[1]) end
if not f[1] then
  redis.call('ZREM', due, ARGV[1])
  return { 'none' }
end
local score = redis.call('ZSCORE', due, ARGV[1])
if score and tonumber(score) > now then return { 'none' } end
if f[1] == 'in_progress' then
  -- After an outage of ours an owner gets the time to renew that it did not have.
  local ends = tonumber(f[2]) + ARGV[7]
  if ends > now then
    again(ends)
    return { 'none' }
  end
  close_lost(record, outbox, ARGV[1], now)
  local crashes, delivery = tonumber(f[6]) + (f[14] == '1' and 0 or 1), tonumber(f[5]) + 1
  local counted = log_status(events, f[12], f[9], f[13], 'job.status', ARGV[4])
  local lane = crashes >= 2 and ARGV[5] or f[4]
  redis.call('HSET', record, 'status', 'queued', 'owner', '', 'claim', '', 'lease', '', 'crashes', crashes, 'delivery', delivery, 'lane', lane, 'fence', tonumber(f[9]) + 1, 'seq', counted)
  again(now + ARGV[2])
  if f[3] and f[3] ~= '' and tonumber(f[3]) <= now then return { 'expire', lane, delivery } end
  return { crashes >= 3 and 'quarantine' or 'redeliver', lane, delivery }
end
if f[1] == 'queued' then
  local look = now + ARGV[2]
  if f[11] and f[11] ~= '' and tonumber(f[11]) > look then look = tonumber(f[11]) end
  if f[3] and f[3] ~= '' then
    if tonumber(f[3]) <= now then
      again(now + 1000)
      return { 'expire', f[4], tonumber(f[5]) }
    end
    if tonumber(f[3]) < look then look = tonumber(f[3]) end
  end
  again(look)
  if is_orphan(record, readers, now, tonumber(ARGV[3])) then return { 'cancel' } end
  return { 'check', f[4], tonumber(f[5]) }
end
if f[10] ~= '0' and redis.call('HEXISTS', record, 'e' .. f[10]) == 0 then
  -- Ended from outside and the owner never told how its call went.
  if f[2] and f[2] ~= '' and tonumber(f[2]) > now then
    again(tonumber(f[2]))
    return { 'none' }
  end
  close_lost(record, outbox, ARGV[1], now)
end
if tonumber(f[8]) <= now then
  redis.call('UNLINK', KEYS[6], KEYS[7], events, readers)
  redis.call('ZREM', KEYS[8], ARGV[1])
  again(now + ARGV[6])
  return { 'forget' }
end
if f[7] then
  again(tonumber(f[8]))
  return { 'none' }
end
local all = redis.call('HGETALL', readers)
for i = 2, #all, 2 do
  if tonumber(string.match(all[i], '^%d+')) > now then
    again(now + 15000)
    return { 'none' }
  end
end
-- Again only if whoever archives it now dies or has no room.
again(now + ARGV[6])
return { 'archive' }
