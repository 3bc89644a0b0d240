-- Put in front of every script of this package. The clock is Redis' own, so that no two machines disagree about a lease.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function int(n) return string.format('%.0f', n) end

local function is_terminal(status) return status ~= 'queued' and status ~= 'in_progress' end

-- Number of the next event. Entry ids are <fence>-<seq + 1>. A streamed job's log is appended to without a script, so its end is
-- asked; <fence>-0 is a claim's marker there and carries the number in `n`. Other logs are written by scripts alone, which count in `seq`.
local function next_seq(events, stream, counted)
  if stream ~= '1' then return tonumber(counted or 0) end
  local last = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
  if #last == 0 then return 0 end
  local seq = tonumber(string.match(last[1][1], '%-(%d+)$'))
  if seq > 0 then return seq end
  return tonumber(last[1][2][2])
end

-- A status event of a job that is not streamed, as number `seq`; a streamed job's log holds the dialect's own lines only.
-- Gives the number that is next, to be kept in the record, and the event's own (-1 where there is none).
local function log_status(events, stream, fence, seq, name, data)
  if stream == '1' then return 0, -1 end
  seq = tonumber(seq or 0)
  redis.call('XADD', events, int(fence) .. '-' .. int(seq + 1), 'd', data, 'e', name)
  return seq + 1, seq
end

-- Closes an attempt once. The outbox row says that its ledger line and its limits are owed. Gives the row's id, '' if it was closed before.
local function close_attempt(record, outbox, job_id, number, ending)
  if number == '' or number == '0' then return '' end
  if redis.call('HSETNX', record, 'e' .. number, ending) == 0 then return '' end
  return redis.call('XADD', outbox, '*', 'j', job_id, 'n', number)
end

-- The owner vanished: its open attempt is lost, with its estimate as cost.
local function close_lost(record, outbox, job_id, now)
  local number = redis.call('HGET', record, 'attempts')
  if not number or number == '0' then return end
  close_attempt(record, outbox, job_id, number, '{"status":"lost","endedAtMs":' .. int(now) .. '}')
end

-- Nobody has followed an `on_disconnect: cancel` job for the grace period. Lapsed registrations count as gone.
local function is_orphan(record, readers, now, grace)
  local f = redis.call('HMGET', record, 'ondisconnect', 'read', 'unread')
  if f[1] ~= 'cancel' or f[2] ~= '1' then return false end
  local all = redis.call('HGETALL', readers)
  local latest = 0
  for i = 2, #all, 2 do
    local expiry = tonumber(string.match(all[i], '^%d+'))
    if expiry > now then return false end
    if expiry > latest then latest = expiry end
  end
  if not f[3] then
    redis.call('HSET', record, 'unread', int(latest > 0 and latest or now))
    return latest > 0 and now - latest >= grace
  end
  return now - tonumber(f[3]) >= grace
end
