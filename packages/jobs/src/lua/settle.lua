-- The end of a job, once: terminal status, result, terminal event, expiry, next look, outbox row. The fence rises, so that
-- every later write of any owner is refused by the log itself.
-- KEYS record result events readers due outbox request ended
-- ARGV id, token (random, makes a repeat get the first answer), fence ('' = any: cancel, expiry), status, failure|'', httpStatus,
--      body ('' = none), blob|'', number|'', ending, eventName ('' = none), eventData, keepMs, archiveAfterMs, recordMs, expected delivery|''
-- Gives {1, nowMs, fence, seq, outboxRowId, owner, readers}; {0, status} when it had ended otherwise or the caller is no longer the owner.
local record, result, events, readers, due, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local f = redis.call('HMGET', record, 'status', 'fence', 'owner', 'settled', 'delivery', 'stream', 'seq')
if not f[1] then return { 0, 'gone' } end
if is_terminal(f[1]) then
  if f[4] == ARGV[2] then
    local row = redis.call('HGET', record, 'settlerow')
    return { 1, clock(), tonumber(f[2]), next_seq(events, f[6], f[7]) - 1, row or '', f[3] or '', redis.call('HGETALL', readers) }
  end
  close_attempt(record, outbox, ARGV[1], ARGV[9], ARGV[10])
  return { 0, f[1] }
end
if ARGV[3] ~= '' and (f[2] ~= ARGV[3] or f[1] ~= 'in_progress') then return { 0, f[1] } end
if ARGV[16] ~= '' and (f[5] ~= ARGV[16] or f[1] ~= 'queued') then return { 0, f[1] } end
local now = clock()
local keep, hold = tonumber(ARGV[13]), tonumber(ARGV[15])
local row = close_attempt(record, outbox, ARGV[1], ARGV[9], ARGV[10])
local fence, seq = tonumber(f[2]) + 1, next_seq(events, f[6], f[7])
redis.call('XADD', events, int(fence) .. '-' .. int(seq + 1), 'd', ARGV[12], 'e', ARGV[11], 't', ARGV[4])
redis.call('HSET', record, 'status', ARGV[4], 'fence', fence, 'completed', int(now), 'failure', ARGV[5], 'http', ARGV[6], 'resultblob', ARGV[8],
  'expires', int(now + keep), 'settled', ARGV[2], 'settlerow', row, 'seq', seq + 1)
if ARGV[7] ~= '' then redis.call('SET', result, ARGV[7], 'PX', int(keep + 3600000)) end
for _, key in ipairs({ events, KEYS[7] }) do redis.call('PEXPIRE', key, int(keep + 3600000)) end
redis.call('PEXPIRE', readers, 3600000)
redis.call('ZADD', KEYS[8], int(now), ARGV[1])
redis.call('PEXPIRE', record, int(math.max(hold, keep + 7200000)))
local look = now + ARGV[14]
-- A cancelled job's owner still has to close its attempt: look again when its lease is over.
redis.call('ZADD', due, int(look), ARGV[1])
return { 1, now, fence, seq, row, f[3] or '', redis.call('HGETALL', readers) }
