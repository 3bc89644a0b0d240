-- A call has ended: its place is free, and its window shows what it really used.
-- ARGV 3 lease, 4 effect id, 5 whether it reached the provider (1 or 0); then code, limit, really used of each dimension
local lease = ARGV[3]
redis.call('ZREM', KEYS[2], lease)
local at, costs = string.match(redis.call('GET', KEYS[6]) or '', '^held (%d+)(.*)')
at = tonumber(at)
if not at and redis.call('HEXISTS', KEYS[4], lease) == 0 then return end

local list = asked(6)
if waiting > 0 then unbook(bookings_of({ lease })) end
for _, d in ipairs(at and list or {}) do
  local estimate = string.match(costs, d.code .. '=(%d+)')
  local more = d.amount - tonumber(estimate or d.amount)
  -- Less is given back where it was taken, as long as that bucket counts.
  local b = more > 0 and d.now or bucket(d.code, at)
  if b >= d.from and b <= d.now then spend(d, b, more) end
end
if at and ARGV[5] == '1' then
  read({ 'hold' })
  local held = math.max(1, now - at)
  set('hold', cells.hold == 0 and held or math.ceil(0.8 * cells.hold + 0.2 * held))
  redis.call('SET', KEYS[6], 'settled ' .. ARGV[4], 'PX', int(minute))
elseif at then
  redis.call('DEL', KEYS[6])
end
write()
