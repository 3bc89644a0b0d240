-- What an archive is made of, in one moment. Nothing for a job that has not ended or has been archived: its contents are gone and
-- would replace the good blob; nor for one that somebody reads, which is put off among the ended ones.
-- KEYS record events ended
-- ARGV id, putOffMs (added to now: among the ended ones)
-- Gives {spec, request|false, result|false, events in the record, entries of the log}, or false.
local f = redis.call('HMGET', KEYS[1], 'status', 'archive', 'v0', 'spec', 'request', 'result', 'stream', 'seq', 'readers')
if not f[1] or not is_terminal(f[1]) or f[2] then return false end
local now = clock()
if readers_until(f[9]) > now then
  redis.call('ZADD', KEYS[3], 'XX', int(now + ARGV[2]), ARGV[1])
  return false
end
local recorded, entries = {}, {}
if f[7] == '1' then
  entries = redis.call('XRANGE', KEYS[2], '-', '+')
  if #entries == 0 then return false end
else
  if not f[3] then return false end
  -- In parts where there are more than Lua can hand over at once.
  local count, names = tonumber(f[8]), {}
  for seq = 0, count - 1 do
    names[#names + 1] = 'v' .. seq
    if #names == 1000 or seq == count - 1 then
      for _, data in ipairs(redis.call('HMGET', KEYS[1], unpack(names))) do recorded[#recorded + 1] = data end
      names = {}
    end
  end
end
return { f[4], f[5], f[6], recorded, entries }
