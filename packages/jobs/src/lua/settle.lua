-- The end of a job, once: terminal status, result, terminal event, expiry, next look, outbox row. The fence rises, so that
-- every later write of any owner is refused by the log itself.
-- KEYS record events due outbox ended
-- ARGV id, token (random, makes a repeat get the first answer), fence ('' = any: cancel, expiry), status, failure|'',
--      body ('' = none), blob|'', number|'', ending, eventName ('' = none), eventData, keepMs, lookAfterMs, recordMs, expected delivery|'',
--      number that is next in a stream's log ('' = any), what stands between <jobId> <fence> <seq> and the body in the frame to its readers
--      ('' = they are told otherwise), name of a reader's channel with %s for the reader
-- Gives {1, nowMs, fence, seq, outboxRowId, owner, readers}; {2} when a stream's last lines are not in its log yet; {0, status} when it had ended otherwise or the caller is no longer the owner.
local record, events, due, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local f = redis.call('HMGET', record, 'status', 'fence', 'owner', 'settled', 'delivery', 'stream', 'seq', 'readers', 'e' .. ARGV[8], 'attempts')
local status, fence, owner, stream, seq, readers, attempts = f[1], f[2], f[3] or '', f[6], f[7], f[8] or '', f[10]
if not status then return { 0, 'gone' } end
if is_terminal(status) then
  local token, row = string.match(f[4] or '', '^(%S*) ?(.*)$')
  if token == ARGV[2] then return { 1, clock(), tonumber(fence), seq - 1, row, owner, readers } end
  local fields = {}
  if close_attempt(fields, outbox, ARGV[1], ARGV[8], f[9], ARGV[9]) ~= '' then redis.call('HSET', record, unpack(fields)) end
  return { 0, status }
end
if ARGV[3] ~= '' and (fence ~= ARGV[3] or status ~= 'in_progress') then return { 0, status } end
if ARGV[15] ~= '' and (f[5] ~= ARGV[15] or status ~= 'queued') then return { 0, status } end
if stream == '1' then
  seq = next_seq(events, stream)
  if ARGV[16] ~= '' and seq ~= tonumber(ARGV[16]) then return { 2 } end
end
local now = clock()
local at, keep = int(now), tonumber(ARGV[12])
fence = fence + 1
local fields = { 'status', ARGV[4], 'fence', int(fence), 'completed', at, 'expires', int(now + keep) }
-- The one row of the end says what it owes, and which attempt ended with it.
local closes = ARGV[8] ~= '' and not f[9]
if closes then put(fields, 'e' .. ARGV[8], ARGV[9]) end
local row = redis.call('XADD', outbox, '*', 'j', ARGV[1], 'n', closes and ARGV[8] or '0', 'e', '1')
put(fields, 'settled', ARGV[2] .. ' ' .. row)
if ARGV[5] ~= '' then put(fields, 'failure', ARGV[5]) end
if ARGV[6] ~= '' then put(fields, 'result', ARGV[6]) end
if ARGV[7] ~= '' then put(fields, 'resultblob', ARGV[7]) end
if stream == '1' then
  redis.call('XADD', events, int(fence) .. '-' .. int(seq + 1), 'd', ARGV[11], 'e', ARGV[10], 't', ARGV[4])
  redis.call('PEXPIRE', events, int(keep + 3600000))
  put(fields, 'seq', int(seq + 1))
else
  put_event(fields, stream, seq, ARGV[11])
end
redis.call('HSET', record, unpack(fields))
redis.call('PEXPIRE', record, int(math.max(tonumber(ARGV[14]), keep + 7200000)))
redis.call('ZADD', KEYS[5], at, ARGV[1])
-- Where an attempt may still be open (a cancelled job's owner closes it, or a hedge's loser) it is looked for when every lease is over.
local owes = attempts ~= '0' and not (attempts == '1' and closes)
redis.call('ZADD', due, int(owes and now + ARGV[13] or now + keep), ARGV[1])
if ARGV[17] ~= '' and readers ~= '' then
  local frame = ARGV[1] .. ' ' .. int(fence) .. ' ' .. int(seq) .. ' ' .. ARGV[17] .. ARGV[6] .. ARGV[11]
  for reader in each_reader(readers) do redis.call('SPUBLISH', string.format(ARGV[18], reader), frame) end
end
return { 1, now, fence, tonumber(seq), row, owner, readers }
