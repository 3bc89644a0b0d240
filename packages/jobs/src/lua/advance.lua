-- A new delivery: fall back to a later hop, or the same hop again. Older deliveries are dropped when they arrive. An open attempt of
-- which the owner says nothing is lost.
-- KEYS record due outbox
-- ARGV id, delivery (the one that ends), hop, number|'', ending, queueCheckMs, statusEvent, fence ('' = not the owner, only from queued), lane
-- Gives {1, newDelivery, outboxRowId}; {0} when the job has moved on.
local f = redis.call('HMGET', KEYS[1], 'status', 'delivery', 'fence', 'lane', 'deadline', 'stream', 'seq', 'e' .. ARGV[4], 'attempts')
if not f[1] or is_terminal(f[1]) then return { 0 } end
local next_delivery = int(ARGV[2] + 1)
if f[1] == 'queued' and f[2] == next_delivery and f[4] == ARGV[9] then return { 1, next_delivery, '' } end
if f[2] ~= ARGV[2] then return { 0 } end
if ARGV[8] == '' and f[1] ~= 'queued' then return { 0 } end
if ARGV[8] ~= '' and (f[3] ~= ARGV[8] or f[1] ~= 'in_progress') then return { 0 } end
local fields = { 'status', 'queued', 'delivery', next_delivery, 'hop', ARGV[3], 'lane', ARGV[9], 'owner', '', 'claim', '', 'lease', '', 'notbefore', '' }
local now = clock()
local row = close_attempt(fields, KEYS[3], ARGV[1], ARGV[4], f[8], ARGV[5])
close_lost(fields, KEYS[1], KEYS[3], ARGV[1], f[9], now, ARGV[4])
put_event(fields, f[6], f[7], ARGV[7])
redis.call('HSET', KEYS[1], unpack(fields))
local look = now + ARGV[6]
if f[5] then look = math.min(look, tonumber(f[5])) end
redis.call('ZADD', KEYS[2], int(look), ARGV[1])
return { 1, next_delivery, row }
