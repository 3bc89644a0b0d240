-- Appends a row of entries of one log, all or none: what stands behind a lost one would make a gap.
-- KEYS events
-- ARGV fence, seq of the first, then data of each
-- Gives 1 appended, 2 this very row is in the log already (a repeat), 0 refused: the log is gone, or a newer owner has written.
local fence, first, count = ARGV[1], tonumber(ARGV[2]), #ARGV - 2
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then
  local their_fence, number = string.match(last[1][1], '^(%d+)%-(%d+)$')
  if tonumber(their_fence) > tonumber(fence) or (their_fence == fence and tonumber(number) >= first + 1) then
    local from, to = fence .. '-' .. int(first + 1), fence .. '-' .. int(first + count)
    return #redis.call('XRANGE', KEYS[1], from, to) == count and 2 or 0
  end
end
for i = 1, count do redis.call('XADD', KEYS[1], fence .. '-' .. int(first + i), 'd', ARGV[2 + i]) end
return 1
