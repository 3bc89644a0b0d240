-- ARGV 3 to 7 limits. Gives {in flight, waiting, limited until or 0, then what is left of each dimension}. Writes nothing.
read_limits()
open(call('HGET', KEYS[1], '#'))
local reply = {
  call('ZCOUNT', KEYS[2], '(' .. int(now), '+inf'),
  call('ZCOUNT', KEYS[3], int(now - math.ceil(minute / 6)), '+inf'),
  S[LIMITED] > now and S[LIMITED] or 0,
}
for _, x in ipairs(limited) do reply[#reply + 1] = math.max(0, limits[x] - S[SUM + x]) end
return reply
