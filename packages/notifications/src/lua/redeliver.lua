-- Begins a new round of tries for deliveries that have ended; for those that wait, the next try is now.
-- KEYS queues
-- ARGV prefix, owner, then delivery ids
-- Gives how many are on their way again.
local prefix, now, count = ARGV[1], clock(), 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local key = delivery_key(prefix, id)
  local f = redis.call('HMGET', key, 's', 'o', 'q', 'n', 'a', 'k', 'x')
  if f[1] and f[2] == ARGV[2] and f[7] ~= '1' then
    count = count + 1
    if f[1] ~= 'pending' then
      redis.call('HSET', key, 's', 'pending', 'b', f[4])
      move(prefix, f[2], id, f[1], 'pending', f[5])
    end
    if f[6] == '' then
      redis.call('ZADD', due_key(prefix, f[3]), int(now), id)
      redis.call('ZADD', KEYS[1], 'LT', int(now), f[3])
    end
    redis.call('PEXPIRE', key, KEPT_MS)
    redis.call('HSET', health_key(prefix, f[3]), 'r', 0)
    redis.call('PEXPIRE', health_key(prefix, f[3]), KEPT_MS)
  end
end
return count
