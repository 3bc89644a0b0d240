-- Put in front of every script of this package. The clock is Redis' own, so that no two machines disagree about a lease.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Whole numbers go to Redis as text made here: its own conversion of a Lua number is several times slower.
local function int(n) return string.format('%d', n) end

local function is_terminal(status) return status ~= 'queued' and status ~= 'in_progress' end

-- Number of the next event. Entry ids are <fence>-<seq + 1>. A streamed job's log is appended to without a script, so its end is
-- asked; <fence>-0 is a claim's marker there and carries the number in `n`. Other jobs' events are fields of the record, counted in `seq`.
local function next_seq(events, stream, counted)
  if stream ~= '1' then return tonumber(counted) end
  local last = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
  if #last == 0 then return 0 end
  local seq = tonumber(string.match(last[1][1], '%-(%d+)$'))
  if seq > 0 then return seq end
  return tonumber(last[1][2][2])
end

-- Adds one pair to the fields that a script is about to write.
local function put(fields, name, value)
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end

-- The next event of a job that is not streamed, number `seq`: the field `v<seq>` of its record. A streamed job's log holds the
-- dialect's own lines only.
local function put_event(fields, stream, seq, data)
  if stream == '1' then return end
  put(fields, 'v' .. seq, data)
  put(fields, 'seq', int(seq + 1))
end

-- Closes an attempt once; `closed` is what the record holds of its ending. The outbox row says that its ledger line and its limits
-- are owed. Gives the row's id, '' where nothing was closed.
local function close_attempt(fields, outbox, job_id, number, closed, ending)
  if number == '' or number == '0' or closed then return '' end
  put(fields, 'e' .. number, ending)
  return redis.call('XADD', outbox, '*', 'j', job_id, 'n', number)
end

-- At most two attempts are open at once: a hedge beside the call that it helps. Any two, as the hedge may end first and be followed.
local function each_open(record, last)
  local number, last = 0, tonumber(last)
  return function()
    while number < last do
      number = number + 1
      if redis.call('HEXISTS', record, 'e' .. int(number)) == 0 then return int(number) end
    end
  end
end

-- The owner vanished, or gave the job back: what it has open is lost, with its estimate as cost. Not `closing`, which it tells of itself.
local function close_lost(fields, record, outbox, job_id, last, now, closing)
  for number in each_open(record, last) do
    if number ~= closing then
      close_attempt(fields, outbox, job_id, number, false, '{"status":"lost","endedAtMs":' .. int(now) .. '}')
    end
  end
end

-- Readers are one field of the record: `<id>=<expiry ms>[e]`, separated by spaces; `e` is one who waits for the end alone.
local function each_reader(readers) return string.gmatch(readers or '', '(%S+)=(%d+)(e?)') end

-- The readers without one, and without those that had lapsed before `now`.
local function other_readers(readers, reader, now)
  local others = {}
  for id, expiry, interest in each_reader(readers) do
    if id ~= reader and tonumber(expiry) > now then others[#others + 1] = id .. '=' .. expiry .. interest end
  end
  return table.concat(others, ' ')
end

-- The readers with one that stays until `expiry`.
local function with_reader(readers, reader, now, expiry, interest)
  local others = other_readers(readers, reader, now)
  return (others == '' and '' or others .. ' ') .. reader .. '=' .. int(expiry) .. interest
end

-- When the last registration lapses, or lapsed; 0 where there is none.
local function readers_until(readers)
  local latest = 0
  for _, expiry in each_reader(readers) do latest = math.max(latest, tonumber(expiry)) end
  return latest
end

-- Nobody has followed an `on_disconnect: cancel` job for the grace period. Lapsed registrations count as gone.
local function is_orphan(record, now, grace, on_disconnect, read, unread, readers)
  if on_disconnect ~= 'cancel' or read ~= '1' then return false end
  local latest = readers_until(readers)
  if latest > now then return false end
  if not unread then
    redis.call('HSET', record, 'unread', int(latest > 0 and latest or now))
    return latest > 0 and now - latest >= grace
  end
  return now - tonumber(unread) >= grace
end

-- Bodies and events leave Redis; `seq` counts the events of a job that is not streamed.
local function drop_contents(record, events, stream, seq)
  local names = { 'request', 'result', 'readers' }
  if stream == '1' then
    redis.call('UNLINK', events)
  else
    for i = 0, seq - 1 do
      names[#names + 1] = 'v' .. i
      -- As many as Lua can hand over at once, and some to spare.
      if #names == 1000 then
        redis.call('HDEL', record, unpack(names))
        names = {}
      end
    end
  end
  if #names > 0 then redis.call('HDEL', record, unpack(names)) end
end
