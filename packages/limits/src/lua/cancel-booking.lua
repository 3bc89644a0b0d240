-- ARGV 3 lease: it no longer waits here.
local bookings = bookings_of({ ARGV[3] })
if next(bookings) then
  unbook(bookings)
  write()
end
