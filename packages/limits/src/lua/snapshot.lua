-- ARGV from 3 code, limit, 0 of each dimension. Gives {in flight, waiting, limited until or 0, then what is left of each dimension}.
local limited = tonumber(redis.call('GET', KEYS[5]) or 0)
local reply = {
  redis.call('ZCOUNT', KEYS[2], '(' .. int(now), '+inf'),
  redis.call('ZCOUNT', KEYS[3], int(now - LAPSE), '+inf'),
  limited > now and limited or 0,
}
for _, d in ipairs(asked(3)) do reply[#reply + 1] = math.max(0, d.limit - d.sum) end
return reply
