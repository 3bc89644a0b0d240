-- ARGV 3 ms from now. An earlier answer that reaches further stays.
open(call('HGET', KEYS[1], '#'))
local til = now + tonumber(ARGV[3])
if S[LIMITED] < til then
  S[LIMITED] = til
  save()
end
