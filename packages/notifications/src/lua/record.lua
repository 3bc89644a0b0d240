-- Events of one project, each once: into the feed, and a delivery for every endpoint that wants it and for whom its job names.
-- KEYS events seen seenBefore types queues feedChannel
-- ARGV prefix, most in the feed, feed kept ms, most remembered, most pending, then for each event: effect (12 characters), type, data id,
--      created (s), traceparent|'', target|'' ('<endpoint>' or '<queue> <url>')
-- Gives how many events were new, and 1 when there is something to deliver (a repeat says it again: its wake-up may be what was lost).
local prefix, now = ARGV[1], clock()
local wanted = redis.call('HGETALL', KEYS[4])
local fresh, made, count, digits = 0, 0, (#ARGV - 5) / 6, '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

local function base32(number, length)
  local text = ''
  for _ = 1, length do
    local digit = number % 32
    text = string.sub(digits, digit + 1, digit + 1) .. text
    number = math.floor(number / 32)
  end
  return text
end

for i = 6, #ARGV, 6 do
  local effect, kind, data, created, trace, target = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  if redis.call('SISMEMBER', KEYS[3], effect) == 0 and redis.call('SADD', KEYS[2], effect) == 1 then
    fresh = fresh + 1
    local entry = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'h', effect, 't', kind, 'd', data, 'c', created)
    if #wanted > 0 or target ~= '' then
      local ms, seq = string.match(entry, '(%d+)-(%d+)')
      local suffix = base32(tonumber(ms), 10) .. base32(tonumber(seq), 4) .. effect
      local function deliver(owner, queue, url)
        local id = 'whd_' .. suffix .. string.upper(string.sub(queue, -10))
        if add_delivery(prefix, KEYS[5], ARGV[5], id, owner, queue, url, 'evt_' .. suffix, kind, data, created, trace, '', now) then made = made + 1 end
      end
      for j = 1, #wanted, 2 do
        if wanted[j] == target or string.find(wanted[j + 1], ' ' .. kind .. ' ', 1, true) then deliver(wanted[j], wanted[j], '') end
      end
      local queue, url = string.match(target, '^(%S+) (.+)$')
      if queue then deliver('default', queue, url) end
    end
  end
end
if fresh > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  local remembered = redis.call('SCARD', KEYS[2])
  if remembered % 64 <= fresh then
    redis.call('PEXPIRE', KEYS[2], 86400000)
    redis.call('XTRIM', KEYS[1], 'MINID', '~', int(now - ARGV[3]))
  end
  if remembered >= tonumber(ARGV[4]) then redis.call('RENAME', KEYS[2], KEYS[3]) end
  redis.call('SPUBLISH', KEYS[6], '')
end
if made > 0 then return { fresh, 1 } end
return { fresh, fresh < count and redis.call('EXISTS', KEYS[5]) or 0 }
