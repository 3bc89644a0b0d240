-- A consumer takes a delivery: raises the fence, becomes owner until the lease ends, marks the log so that older writers are refused.
-- KEYS record request events readers due outbox
-- ARGV id, owner, claim (random, makes a repeat get the first answer), delivery, leaseMs, suspect 0|1, statusEvent
-- Gives {'claimed', nowMs, fence, nextSeq, statusSeq, record, request, readers}, {'held', inMs}, {'early', inMs},
--       {'expired'}, {'suspect'}, {'quarantine'}, {'drop'} or {'unknown'}.
local record, request, events, readers, due, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local f = redis.call('HMGET', record, 'status', 'delivery', 'fence', 'owner', 'lease', 'deadline', 'crashes', 'claim', 'notbefore', 'stream', 'seq', 'started', 'draining')
local now = clock()
if not f[1] then return { 'unknown' } end
if is_terminal(f[1]) or f[2] ~= ARGV[4] then return { 'drop' } end
local fence, crashes = tonumber(f[3]), tonumber(f[7])
local repeated = f[8] == ARGV[3] and f[1] == 'in_progress'
local counted, status_seq = f[11], -1
if not repeated then
  if f[1] == 'in_progress' then
    if tonumber(f[5]) > now then return { 'held', tonumber(f[5]) - now } end
    if f[13] ~= '1' then crashes = crashes + 1 end
    close_lost(record, outbox, ARGV[1], now)
    fence = fence + 1
    redis.call('HSET', record, 'status', 'queued', 'owner', '', 'crashes', crashes, 'fence', fence)
  end
  if f[6] and f[6] ~= '' and tonumber(f[6]) <= now then return { 'expired' } end
  if crashes >= 3 then return { 'quarantine' } end
  if crashes >= 2 and ARGV[6] == '0' then return { 'suspect' } end
  if f[9] and f[9] ~= '' and tonumber(f[9]) > now + 50 then return { 'early', tonumber(f[9]) - now } end
  fence = fence + 1
  if f[10] == '1' then redis.call('XADD', events, int(fence) .. '-0', 'n', int(next_seq(events, '1'))) end
  counted, status_seq = log_status(events, f[10], fence, f[11], 'job.status', ARGV[7])
  redis.call('HSET', record, 'status', 'in_progress', 'owner', ARGV[2], 'claim', ARGV[3], 'fence', fence, 'lease', int(now + ARGV[5]),
    'notbefore', '', 'draining', '', 'seq', counted, 'started', f[12] or int(now))
  redis.call('ZADD', due, int(now + ARGV[5]), ARGV[1])
end
return { 'claimed', now, fence, next_seq(events, f[10], counted), status_seq, redis.call('HGETALL', record), redis.call('GET', request), redis.call('HGETALL', readers) }
