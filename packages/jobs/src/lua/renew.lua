-- An owner renews its leases, all jobs of one partition in one call.
-- KEYS due, then record, readers of each job
-- ARGV owner, leaseMs, graceMs, draining 0|1 (should it vanish now, no crash is counted), then id, fence of each job
-- Gives for each job {1, readers} still owned, {0} not owned any more, {2} owned but nobody has followed it for the grace period.
local now = clock()
local lease = int(now + ARGV[2])
local replies = {}
for i = 0, (#KEYS - 1) / 2 - 1 do
  local record, readers = KEYS[2 + i * 2], KEYS[3 + i * 2]
  local id, fence = ARGV[5 + i * 2], ARGV[6 + i * 2]
  local f = redis.call('HMGET', record, 'fence', 'owner', 'status')
  if f[1] ~= fence or f[2] ~= ARGV[1] or f[3] ~= 'in_progress' then
    replies[i + 1] = { 0 }
  else
    if ARGV[4] == '1' then redis.call('HSET', record, 'lease', lease, 'draining', 1) else redis.call('HSET', record, 'lease', lease) end
    redis.call('ZADD', KEYS[1], lease, id)
    if is_orphan(record, readers, now, tonumber(ARGV[3])) then
      replies[i + 1] = { 2 }
    else
      replies[i + 1] = { 1, redis.call('HGETALL', readers) }
    end
  end
end
return replies
