-- A new delivery: fall back to a later hop, or the same hop again. Older deliveries are dropped when they arrive.
-- KEYS record events due outbox
-- ARGV id, delivery (the one that ends), hop, number|'', ending, queueCheckMs, statusEvent, fence ('' = not the owner, only from queued), lane
-- Gives {1, newDelivery, outboxRowId, statusSeq}; {0} when the job has moved on.
local f = redis.call('HMGET', KEYS[1], 'status', 'delivery', 'fence', 'lane', 'deadline', 'stream', 'seq')
if not f[1] or is_terminal(f[1]) then return { 0 } end
local delivery = tonumber(ARGV[2])
if f[1] == 'queued' and tonumber(f[2]) == delivery + 1 and f[4] == ARGV[9] then return { 1, delivery + 1, '', -1 } end
if tonumber(f[2]) ~= delivery then return { 0 } end
if ARGV[8] == '' and f[1] ~= 'queued' then return { 0 } end
if ARGV[8] ~= '' and (f[3] ~= ARGV[8] or f[1] ~= 'in_progress') then return { 0 } end
local now = clock()
local row = close_attempt(KEYS[1], KEYS[4], ARGV[1], ARGV[4], ARGV[5])
local counted, seq = log_status(KEYS[2], f[6], f[3], f[7], 'job.status', ARGV[7])
redis.call('HSET', KEYS[1], 'status', 'queued', 'delivery', delivery + 1, 'hop', ARGV[3], 'lane', ARGV[9], 'owner', '', 'claim', '', 'lease', '', 'notbefore', '', 'seq', counted)
local look = now + ARGV[6]
if f[5] and f[5] ~= '' and tonumber(f[5]) < look then look = tonumber(f[5]) end
redis.call('ZADD', KEYS[3], int(look), ARGV[1])
return { 1, delivery + 1, row, seq }
