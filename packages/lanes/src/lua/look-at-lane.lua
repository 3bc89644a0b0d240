-- How a lane stands, which of some deliveries still wait in it, and some of those that wait, for whoever predicts waits.
-- KEYS wait, prioritized, delayed, active, report
-- ARGV how many deliveries, their ids; then of each sample its place as a part of all that wait, 0 to 1
-- Gives {nowMs, waiting, delayed, active, reports as in the hash, {1 | 0: waits still, …}, {id, how many are before it, …}}
local time = redis.call('TIME')
local out_of_turn = redis.call('LLEN', KEYS[1])
local in_turn = redis.call('ZCARD', KEYS[2])
local waits, samples = {}, {}
local watched = tonumber(ARGV[1])
if watched > 0 then
  local scores = redis.call('ZMSCORE', KEYS[2], unpack(ARGV, 2, watched + 1))
  for i = 1, watched do waits[i] = scores[i] and 1 or 0 end
end
if in_turn > 0 then
  for i = watched + 2, #ARGV do
    local place = math.min(in_turn - 1, math.floor(ARGV[i] * in_turn))
    local id = redis.call('ZRANGE', KEYS[2], place, place)[1]
    samples[#samples + 1] = id
    samples[#samples + 1] = out_of_turn + place
  end
end
return {
  time[1] * 1000 + math.floor(time[2] / 1000),
  out_of_turn + in_turn,
  redis.call('ZCARD', KEYS[3]),
  redis.call('LLEN', KEYS[4]),
  redis.call('HGETALL', KEYS[5]),
  waits,
  samples,
}
