-- Stores a flush and shows it: one row of lines for each log, then one message for each reader with the rows that are in the logs.
-- A row is one entry, all or none. One that stands there already is a repeat whose first answer was lost; it is shown once more.
-- Several logs in one call only on one server: their keys are of several slots.
-- KEYS events of each row
-- ARGV number of channels, channels, then for each row: entry id, numbers of its channels ('' = none), head of its frame, lines
-- Gives for each row 1 appended, 2 is there already, 0 refused (the log is gone, or a newer owner has written), -1 not now.
local function append(events, id, lines)
  local added = redis.pcall('XADD', events, 'NOMKSTREAM', id, 'd', lines)
  if type(added) == 'string' then return 1 end
  if not added then return 0 end
  if #redis.call('XRANGE', events, id, id) == 1 then return 2 end
  local last = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
  if #last == 0 then return -1 end
  local their_fence, their_number = string.match(last[1][1], '^(%d+)%-(%d+)$')
  local fence, number = string.match(id, '^(%d+)%-(%d+)$')
  their_fence, fence = tonumber(their_fence), tonumber(fence)
  if their_fence > fence or (their_fence == fence and tonumber(their_number) > tonumber(number)) then return 0 end
  return -1
end

local outcomes, frames, at = {}, {}, tonumber(ARGV[1]) + 2
for row = 1, #KEYS do
  local lines = ARGV[at + 3]
  local outcome = append(KEYS[row], ARGV[at], lines)
  outcomes[row] = outcome
  if outcome > 0 then
    for channel in string.gmatch(ARGV[at + 1], '%d+') do
      local parts = frames[channel]
      if not parts then
        parts = {}
        frames[channel] = parts
      end
      parts[#parts + 1] = ARGV[at + 2]
      parts[#parts + 1] = lines
    end
  end
  at = at + 4
end
for channel, parts in pairs(frames) do redis.call('SPUBLISH', ARGV[1 + channel], table.concat(parts)) end
return outcomes
