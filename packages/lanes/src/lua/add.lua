-- What BullMQ does with a prioritized job that it adds, without what no delivery has (parents, schedules, deduplication) and nobody
-- reads (its events, its counter of ids). Behind place.lua, which says the priority and the number of the add.
call('HSET', key, 'name', 'd', 'data', ARGV[3], 'opts', '{"priority":' .. priority .. '}', 'timestamp', ARGV[4], 'delay', 0,
  'priority', priority)
call('ZADD', prioritized, priority * COUNTER + added % COUNTER, ARGV[2])
call('ZADD', KEYS[3], 0, '0')
return 1
