-- A job has ended and its answer stands elsewhere: what is left says only that it has been, so that nobody makes and runs it a second time.
-- Where more may be owed than its one closed attempt, the bill stays for whoever pays it and only the contents go.
-- KEYS record events due ended
-- ARGV id, tombstoneMs, billMs
-- Gives 1; 0 when it has not ended.
local record = KEYS[1]
local f = redis.call('HMGET', record, 'status', 'attempts', 'delivery', 'fence', 'stream', 'seq', 'e1')
if not f[1] or not is_terminal(f[1]) then return 0 end
redis.call('ZREM', KEYS[4], ARGV[1])
if f[2] == '0' or f[2] == '1' and f[7] then
  redis.call('UNLINK', record, KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('HSET', record, 'status', f[1], 'attempts', f[2], 'delivery', f[3], 'fence', f[4])
  redis.call('PEXPIRE', record, ARGV[2])
elseif f[6] then
  drop_contents(record, KEYS[2], f[5], f[6])
  redis.call('PEXPIRE', record, ARGV[3])
end
return 1
