-- An ingress says that it still follows these jobs of one partition.
-- KEYS record of each job
-- ARGV reader, ttlMs, then interest of each job
local now = clock()
for i, record in ipairs(KEYS) do
  local readers = redis.call('HGET', record, 'readers')
  if readers and readers ~= '' then
    redis.call('HSET', record, 'readers', with_reader(readers, ARGV[1], now, now + ARGV[2], ARGV[2 + i]))
  end
end
return 1
