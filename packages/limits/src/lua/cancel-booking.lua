-- ARGV 3 lease: it no longer waits here.
local packed = call('HGET', KEYS[1], '#')
if not packed then return end
open(packed)
if S[WAITING] == 0 then return end
local line = stand_in_line()
local bookings = line.bookings_of({ ARGV[3] })
if next(bookings) then
  line.unbook(bookings)
  save()
end
