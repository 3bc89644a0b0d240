-- A job is accepted: record, request, first event, first reader, next look, and the outbox row for the project's index.
-- KEYS record due outbox
-- ARGV id, spec, body ('' = in the blob store), stream 0|1, onDisconnect, deadlineMs|'', reader ('' = none), interest, readerTtlMs, queueCheckMs, statusEvent, lane
-- Gives {1, nowMs, outboxRowId}; {0} when the id is already there (a repeat).
local record = KEYS[1]
if redis.call('EXISTS', record) == 1 then return { 0 } end
local now = clock()
local followed = ARGV[7] ~= ''
local fields = { 'spec', ARGV[2], 'status', 'queued', 'lane', ARGV[12], 'hop', '0', 'delivery', '1', 'fence', '0', 'crashes', '0', 'attempts', '0',
  'stream', ARGV[4], 'ondisconnect', ARGV[5], 'read', followed and '1' or '0' }
if ARGV[4] == '1' then put(fields, 'seq', '0') end
put_event(fields, ARGV[4], '0', ARGV[11])
if ARGV[3] ~= '' then put(fields, 'request', ARGV[3]) end
if followed then put(fields, 'readers', with_reader('', ARGV[7], now, now + ARGV[9], ARGV[8])) end
local look = now + ARGV[10]
if ARGV[6] ~= '' then
  put(fields, 'deadline', ARGV[6])
  look = math.min(look, tonumber(ARGV[6]))
end
redis.call('HSET', record, unpack(fields))
redis.call('ZADD', KEYS[2], int(look), ARGV[1])
return { 1, now, redis.call('XADD', KEYS[3], '*', 'j', ARGV[1], 'n', '0') }
