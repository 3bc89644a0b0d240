-- An ingress says that it still follows these jobs of one partition.
-- KEYS readers of each job
-- ARGV reader, ttlMs, then value suffix of each job
local expiry = int(clock() + ARGV[2])
for i, readers in ipairs(KEYS) do
  if redis.call('EXISTS', readers) == 1 then redis.call('HSET', readers, ARGV[1], expiry .. ARGV[2 + i]) end
end
return 1
