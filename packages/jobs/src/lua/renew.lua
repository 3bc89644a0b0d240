-- An owner renews its leases, all jobs of one partition in one call.
-- KEYS due, then record of each job
-- ARGV owner, leaseMs, graceMs, draining 0|1 (should it vanish now, no crash is counted), then id, fence of each job
-- Gives for each job {1, readers} still owned, {0} not owned any more, {2} owned but nobody has followed it for the grace period.
local now = clock()
local lease = int(now + ARGV[2])
local replies = {}
for i = 1, #KEYS - 1 do
  local record, id, fence = KEYS[1 + i], ARGV[3 + i * 2], ARGV[4 + i * 2]
  local f = redis.call('HMGET', record, 'fence', 'owner', 'status', 'ondisconnect', 'read', 'unread', 'readers')
  if f[1] ~= fence or f[2] ~= ARGV[1] or f[3] ~= 'in_progress' then
    replies[i] = { 0 }
  else
    if ARGV[4] == '1' then redis.call('HSET', record, 'lease', lease, 'draining', '1') else redis.call('HSET', record, 'lease', lease) end
    redis.call('ZADD', KEYS[1], lease, id)
    if is_orphan(record, now, tonumber(ARGV[3]), f[4], f[5], f[6], f[7]) then
      replies[i] = { 2 }
    else
      replies[i] = { 1, f[7] or '' }
    end
  end
end
return replies
