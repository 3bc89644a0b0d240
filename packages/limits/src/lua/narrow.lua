-- ARGV 9 ms from now before which the provider wants no call (an earlier answer that reaches further stays), 10 whether its limits are
-- lower than we think, 11 whether it is overloaded, 12 places.
care = care or careful()
local til, places = now + tonumber(ARGV[9]), tonumber(ARGV[12])
if til > now and S[LIMITED] < til then S[LIMITED] = til end
if ARGV[10] == '1' or ARGV[11] == '1' then care.lower(ARGV[10] == '1', ARGV[11] == '1', places) end
care.keep_learnt(places)
care.save()
