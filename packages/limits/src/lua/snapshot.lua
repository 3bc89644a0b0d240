-- Gives {in flight, waiting, limited until or 0, then what is left of each limited dimension}. Writes nothing.
local reply = {
  call('ZCOUNT', KEYS[2], '(' .. string.format('%d', now), '+inf'),
  call('ZCOUNT', KEYS[3], string.format('%d', now - math.ceil(minute / 6)), '+inf'),
  S[LIMITED] > now and S[LIMITED] or 0,
}
for _, x in ipairs(limited) do reply[#reply + 1] = math.max(0, limits[x] - S[SUM + x]) end
return reply
