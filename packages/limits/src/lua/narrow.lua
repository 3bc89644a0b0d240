-- ARGV 9 ms from now. An earlier answer that reaches further stays.
local til = now + tonumber(ARGV[9])
if S[LIMITED] < til then
  S[LIMITED] = til
  care = care or careful()
  care.save()
end
