-- A consumer takes a delivery: raises the fence, becomes owner until the lease ends, marks a stream's log so that older writers are refused.
-- KEYS record events outbox
-- ARGV id, owner, claim (random, makes a repeat get the first answer), delivery, leaseMs, suspect 0|1, statusEvent,
--      attempt ('' = none; it is begun if this is the job's very first claim), attemptEvent, trial 0|1
-- Gives {'claimed', nowMs, fence, nextSeq, leaseUntilMs, crashes, startedAtMs, spec, hop, lane, read, readers, request|false, attempts, beginnings and endings, begun 0|1,
--        notBeforeMs|''|false: to when it was put off before},
--       {'unknown'}, or {'held' | 'early' | 'expired' | 'suspect' | 'quarantine' | 'drop', attempts so far, inMs (held and early)}.
-- `trial` marks an attempt that may still be taken back (withdraw.lua) and is shown to nobody; under the first fence alone.
-- The next look need not be moved: it is never later than the end of this lease (QUEUE_CHECK_MS < LEASE_MS).
local record, events, outbox = KEYS[1], KEYS[2], KEYS[3]
local f = redis.call('HMGET', record, 'status', 'delivery', 'fence', 'lease', 'deadline', 'crashes', 'claim', 'notbefore', 'stream', 'seq', 'started', 'draining',
  'attempts', 'spec', 'hop', 'lane', 'read', 'readers', 'request')
local status, stream, attempts = f[1], f[9], f[13]
if not status then return { 'unknown' } end
if is_terminal(status) or f[2] ~= ARGV[4] then return { 'drop', attempts } end
local now = clock()
local fence, crashes, lease, started, seq, begun = tonumber(f[3]), tonumber(f[6]), f[4], f[11], f[10], 0
if status == 'in_progress' and f[7] == ARGV[3] then
  -- Asked again: the first answer.
  seq = next_seq(events, stream, seq)
  begun = ARGV[8] ~= '' and fence == 1 and attempts == '1' and 1 or 0
else
  if status == 'in_progress' then
    if tonumber(lease) > now then return { 'held', attempts, tonumber(lease) - now } end
    if f[12] ~= '1' then crashes = crashes + 1 end
    fence = fence + 1
    local lost = { 'status', 'queued', 'owner', '', 'crashes', int(crashes), 'fence', int(fence) }
    close_lost(lost, record, outbox, ARGV[1], attempts, now)
    redis.call('HSET', record, unpack(lost))
  end
  if f[5] and tonumber(f[5]) <= now then return { 'expired', attempts } end
  if crashes >= 3 then return { 'quarantine', attempts } end
  if crashes >= 2 and ARGV[6] == '0' then return { 'suspect', attempts } end
  if f[8] and f[8] ~= '' and tonumber(f[8]) > now + 50 then return { 'early', attempts, tonumber(f[8]) - now } end
  lease, started = int(now + ARGV[5]), started or int(now)
  local fields = { 'status', 'in_progress', 'owner', ARGV[2], 'claim', ARGV[3], 'fence', int(fence + 1), 'lease', lease, 'started', started }
  if f[8] and f[8] ~= '' then put(fields, 'notbefore', '') end
  if f[12] and f[12] ~= '' then put(fields, 'draining', '') end
  if stream == '1' then
    -- Nobody has written before the first fence.
    seq = fence == 0 and 0 or next_seq(events, stream)
    redis.call('XADD', events, int(fence + 1) .. '-0', 'n', int(seq))
  else
    put_event(fields, stream, seq, ARGV[7])
    seq = seq + 1
  end
  if ARGV[8] ~= '' and fence == 0 and attempts == '0' then
    begun = 1
    put(fields, 'b1', ARGV[8])
    put(fields, 'attempts', '1')
    if ARGV[10] == '1' then put(fields, 'trial', '1') end
    put_event(fields, stream, seq, ARGV[9])
    if stream ~= '1' then seq = seq + 1 end
  end
  fence = fence + 1
  redis.call('HSET', record, unpack(fields))
end
local calls = {}
if attempts ~= '0' and begun == 0 then
  local names = {}
  for i = 1, tonumber(attempts) do
    names[#names + 1] = 'b' .. i
    names[#names + 1] = 'e' .. i
  end
  calls = redis.call('HMGET', record, unpack(names))
end
return { 'claimed', now, fence, seq, lease, crashes, started, f[14], f[15], f[16], f[17], f[18], f[19], calls, begun, f[8] }
