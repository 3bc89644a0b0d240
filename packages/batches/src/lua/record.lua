-- Lines have ended. A line is in the window from when it was taken until its row is written, so a second end of the same try, and
-- any end after the batch was closed, finds nothing there.
-- KEYS record done failed window rows
-- ARGV for each line: line, try, outcome (o = ok, e = error, u = it was not run: cancelled, or out of time), text ('' = in the blob store), blob|'', bytes,
--      input, cached, written, output, reasoning tokens, what prompt caches saved and cost in nano-dollars ('' = no price)
-- Gives {lines recorded, rows in the stream, their bytes}.
local record, done, failed, window, rows = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local f = redis.call('HMGET', record, 'status', 'expires', 'n', 'trimmed', 'pending', 'rate_next', 'rate_next_n')
if not f[1] then return { 0, 0, 0 } end
local now = clock()
local unfinished_stays = f[1] == 'cancelling' or now >= tonumber(f[2])
local n, pending, recorded = tonumber(f[3]), tonumber(f[5]), 0
local sums = { 0, 0, 0, 0, 0, 0, 0, 0 }
for i = 1, #ARGV, 13 do
  local line, try, outcome = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('ZREM', window, line .. '.' .. try) == 1 then
    for j = 1, 6 do sums[j] = sums[j] + ARGV[i + 5 + j] end
    if ARGV[i + 12] == '' then sums[8] = sums[8] + 1 else sums[7] = sums[7] + ARGV[i + 12] end
    -- Left without a row: closing the batch writes why.
    if outcome ~= 'u' or not unfinished_stays then
      n = n + 1
      recorded = recorded + 1
      pending = pending + ARGV[i + 5]
      if ARGV[i + 4] == '' then
        redis.call('XADD', rows, int(n) .. '-0', 'l', line, 't', try, 'o', outcome, 's', ARGV[i + 5], 'd', ARGV[i + 3])
      else
        redis.call('XADD', rows, int(n) .. '-0', 'l', line, 't', try, 'o', outcome, 's', ARGV[i + 5], 'b', ARGV[i + 4])
      end
      redis.call('SETBIT', done, line, 1)
      if outcome ~= 'o' then redis.call('SETBIT', failed, line, 1) end
    end
  end
end
redis.call('HSET', record, 'n', int(n), 'pending', int(pending))
for j, field in ipairs({ 'input', 'cached', 'written', 'output', 'reasoning', 'saved', 'cost', 'unpriced' }) do
  if sums[j] ~= 0 then redis.call('HINCRBY', record, field, int(sums[j])) end
end
-- Where the rate is measured from: between 10 and 20 s ago.
if not f[6] then
  redis.call('HSET', record, 'rate_from', int(now), 'rate_from_n', f[3], 'rate_next', int(now), 'rate_next_n', f[3])
elseif now - tonumber(f[6]) >= 10000 then
  redis.call('HSET', record, 'rate_from', f[6], 'rate_from_n', f[7], 'rate_next', int(now), 'rate_next_n', f[3])
end
return { recorded, n - tonumber(f[4]), pending }
