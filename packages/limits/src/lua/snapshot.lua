-- Gives {in flight, waiting, limited until or 0, places in flight as learnt or 0, then of each limited dimension its limit as learnt and
-- what is left}. Writes nothing.
local reply = {
  call('ZCOUNT', KEYS[2], '(' .. string.format('%d', now), '+inf'),
  call('ZCOUNT', KEYS[3], string.format('%d', now - math.ceil(minute / 6)), '+inf'),
  S[LIMITED] > now and S[LIMITED] or 0,
  M and math.floor(M[PLACES]) or 0,
}
for _, x in ipairs(limited) do
  reply[#reply + 1] = most[x]
  reply[#reply + 1] = math.max(0, limits[x] - S[SUM + x])
end
return reply
