-- Finds out what became of a row whose first answer was lost, and appends it if it is not in the log. A row is one entry, all or none.
-- KEYS events
-- ARGV entry id, lines
-- Gives 1 appended, 2 is there already, 0 refused: the log is gone, or a newer owner has written.
local id = ARGV[1]
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if #redis.call('XRANGE', KEYS[1], id, id) == 1 then return 2 end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then
  local their_fence, their_number = string.match(last[1][1], '^(%d+)%-(%d+)$')
  local fence, number = string.match(id, '^(%d+)%-(%d+)$')
  their_fence, fence = tonumber(their_fence), tonumber(fence)
  if their_fence > fence or (their_fence == fence and tonumber(their_number) > tonumber(number)) then return 0 end
end
redis.call('XADD', KEYS[1], id, 'd', ARGV[2])
return 1
