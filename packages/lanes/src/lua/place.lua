-- Where a delivery that is added stands: start-time fair queueing. Leaves `priority` and `added`, or ends the script where the delivery is in the lane.
-- KEYS prioritized, fair, marker, pc
-- ARGV prefix, id, data, timestamp, project ('' = before all that waits for its turn), units (cost ÷ weight)
--
-- Each project's next job begins, in virtual time, where its last one ends or where the lane stands now, whichever is later; the job with
-- the earliest beginning is served first. The lane stands where the first of those that wait begins. `fair` holds project → end of
-- its last job, for projects that are ahead of the lane; and, at or below zero, '' → -base and during a move '+' → -next base.
-- BullMQ's priority is 2 + (beginning - base), in 64ths of a unit: its score is priority * 2^32 + a counter of adds, so that fractions
-- order as whole numbers do. 1 is for what goes next; what goes there has had its turn, or comes again (hand-back), whatever the base is.
-- Nobody waits: the past is forgotten and the base is zero again. The lane stands at 75 % of BullMQ's range: what waits is moved down,
-- the first first and some with each add. Moved ones are then below all others, so the order is right at every moment in between.
local call = redis.call
local key = ARGV[1] .. ARGV[2]
-- A repeat costs nothing.
if call('EXISTS', key) == 1 then return 0 end
-- The first write, because it is one that a full Redis refuses; a script that has written may go on.
local added = call('INCR', KEYS[4])

local FIRST, LAST, MOVE_AT, MOVED_AT_ONCE = 2, 2097151, 1572863, 200
local COUNTER, STEP = 4294967296, 64
local prioritized, fair, project = KEYS[1], KEYS[2], ARGV[5]
local priority = 1

local function first_from(least)
  local found = call('ZRANGE', prioritized, least * COUNTER, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return found[2] and math.floor(tonumber(found[2]) / COUNTER * STEP) / STEP
end

if project ~= '' then
  local units = tonumber(ARGV[6])
  local first = first_from(FIRST)
  if not first then
    call('DEL', fair)
    call('ZADD', fair, units, project)
    priority = FIRST
  else
    local known = call('ZMSCORE', fair, project, '', '+')
    local base, next_base = -(tonumber(known[2] or 0)), known[3] and -tonumber(known[3])
    local now = (next_base and first < MOVE_AT and next_base or base) + first - FIRST
    -- A newcomer begins a little behind the first of those that wait: were there always newcomers, time would not go on.
    local beginning = math.max(tonumber(known[1] or 0), now + math.max(units / 16, 1 / STEP))
    if not next_base and first >= MOVE_AT then
      next_base = base + math.floor(first) - FIRST
      call('ZADD', fair, -next_base, '+')
    end
    local unmoved
    if next_base then
      -- The lowest of those that were not moved yet go down.
      local down = (next_base - base) * COUNTER
      local old = call('ZRANGE', prioritized, MOVE_AT * COUNTER, '+inf', 'BYSCORE', 'LIMIT', 0, MOVED_AT_ONCE, 'WITHSCORES')
      local new = {}
      for i = 1, #old, 2 do
        new[i], new[i + 1] = tonumber(old[i + 1]) - down, old[i]
      end
      if #new > 0 then call('ZADD', prioritized, unpack(new)) end
      unmoved = first_from(MOVE_AT)
      if not unmoved then
        call('ZADD', fair, -next_base, '')
        call('ZREM', fair, '+')
        base, next_base = next_base, nil
      end
    end
    local under = next_base and beginning < base + unmoved - FIRST and next_base or base
    priority = math.min(LAST, FIRST + math.floor((beginning - under) * STEP) / STEP)
    call('ZREMRANGEBYSCORE', fair, '(0', now)
    call('ZADD', fair, beginning + units, project)
  end
end
