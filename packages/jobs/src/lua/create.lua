-- A job is accepted: record, request, first reader, next look, and the outbox row for the project's index.
-- KEYS record request events readers due outbox
-- ARGV id, spec, body ('' = in the blob store), stream 0|1, onDisconnect, deadlineMs|'', keepMs, reader ('' = none), readerValue, readerTtlMs, queueCheckMs, statusEvent, lane
-- Gives {1, nowMs, outboxRowId}; {0} when the id is already there (a repeat).
local record, request, events, readers, due, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
if redis.call('EXISTS', record) == 1 then return { 0 } end
local now = clock()
local seq = 0
if ARGV[4] == '0' then
  redis.call('XADD', events, '0-1', 'd', ARGV[12], 'e', 'job.status')
  seq = 1
end
redis.call('HSET', record, 'spec', ARGV[2], 'status', 'queued', 'lane', ARGV[13], 'hop', 0, 'delivery', 1, 'fence', 0, 'crashes', 0, 'attempts', 0,
  'stream', ARGV[4], 'ondisconnect', ARGV[5], 'deadline', ARGV[6], 'keep', ARGV[7],
  'seq', seq, 'read', ARGV[8] ~= '' and 1 or 0)
if ARGV[3] ~= '' then redis.call('SET', request, ARGV[3]) end
if ARGV[8] ~= '' then redis.call('HSET', readers, ARGV[8], int(now + ARGV[10]) .. ARGV[9]) end
local look = now + ARGV[11]
if ARGV[6] ~= '' and tonumber(ARGV[6]) < look then look = tonumber(ARGV[6]) end
redis.call('ZADD', due, int(look), ARGV[1])
local row = redis.call('XADD', outbox, '*', 'j', ARGV[1], 'n', 0)
return { 1, now, row }
