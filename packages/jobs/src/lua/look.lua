-- The sweeper looks at a job whose moment has come and does what belongs to this slot.
-- KEYS record due outbox events ended
-- ARGV id, queueCheckMs, graceMs, statusEvent, suspectLane, archiveAgainMs, leaseGraceMs, then lane and mean queueCheckMs of each crowded lane
-- Gives {'none'}, {'expire'}, {'cancel'} (nobody follows it), {'check', lane, delivery} (does its lane know it?),
--       {'redeliver', lane, delivery} (its owner vanished), {'quarantine', lane, delivery} (the third one), {'archive'}, {'forget'} (result and log have expired).
local record, due, outbox, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local f = redis.call('HMGET', record, 'status', 'lease', 'deadline', 'lane', 'delivery', 'crashes', 'archive', 'expires', 'fence', 'attempts', 'notbefore', 'stream', 'seq', 'draining',
  'ondisconnect', 'read', 'unread', 'readers')
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
  local crashes, delivery = tonumber(f[6]) + (f[14] == '1' and 0 or 1), tonumber(f[5]) + 1
  local lane = crashes >= 2 and ARGV[5] or f[4]
  local fields = { 'status', 'queued', 'owner', '', 'claim', '', 'lease', '', 'crashes', int(crashes), 'delivery', int(delivery), 'lane', lane, 'fence', int(f[9] + 1) }
  close_lost(fields, record, outbox, ARGV[1], f[10], now)
  put_event(fields, f[12], f[13], ARGV[4])
  redis.call('HSET', record, unpack(fields))
  again(now + ARGV[2])
  if f[3] and tonumber(f[3]) <= now then return { 'expire', lane, delivery } end
  return { crashes >= 3 and 'quarantine' or 'redeliver', lane, delivery }
end
if f[1] == 'queued' then
  local every = tonumber(ARGV[2])
  -- Whoever is cancelled when nobody follows it is looked at in time for that.
  if f[15] ~= 'cancel' then
    for i = 8, #ARGV, 2 do
      if ARGV[i] == f[4] then
        -- At any time up to twice that, another one each time: some are looked at at any moment, though all came together.
        local mixed = (tonumber(string.sub(ARGV[1], -2), 36) or 0) * 7919 + now
        every = ARGV[i + 1] * (0.02 + 1.96 * (mixed % 1000) / 1000)
      end
    end
  end
  local look = now + every
  if f[11] and f[11] ~= '' and tonumber(f[11]) > look then look = tonumber(f[11]) end
  if f[3] then
    if tonumber(f[3]) <= now then
      again(now + 1000)
      return { 'expire', f[4], tonumber(f[5]) }
    end
    if tonumber(f[3]) < look then look = tonumber(f[3]) end
  end
  again(look)
  if is_orphan(record, now, tonumber(ARGV[3]), f[15], f[16], f[17], f[18]) then return { 'cancel' } end
  return { 'check', f[4], tonumber(f[5]) }
end
if each_open(record, f[10])() then
  -- Ended from outside and the owner never told how its call went.
  if f[2] and f[2] ~= '' and tonumber(f[2]) > now then
    again(tonumber(f[2]))
    return { 'none' }
  end
  local fields = {}
  close_lost(fields, record, outbox, ARGV[1], f[10], now)
  redis.call('HSET', record, unpack(fields))
end
if tonumber(f[8]) <= now then
  drop_contents(record, events, f[12], f[13])
  redis.call('ZREM', KEYS[5], ARGV[1])
  again(now + ARGV[6])
  return { 'forget' }
end
if f[7] then
  again(tonumber(f[8]))
  return { 'none' }
end
if readers_until(f[18]) > now then
  again(now + 15000)
  return { 'none' }
end
-- Again only if whoever archives it now dies or has no room.
again(now + ARGV[6])
return { 'archive' }
