-- The one lease no longer waits here.
if S[WAITING] == 0 then return end
local bookings = care.bookings_of({ ARGV[9] })
if next(bookings) then
  care.unbook(bookings)
  care.save()
end
