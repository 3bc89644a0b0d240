-- ARGV 3 leaseMs, then leases. Those that have run out stay out.
local leases, living = {}, {}
local ends = string.format('%d', now + ARGV[3])
for i = 4, #ARGV do leases[i - 3] = ARGV[i] end
for i, til in ipairs(call('ZMSCORE', KEYS[2], unpack(leases))) do
  if til and tonumber(til) > now then
    living[#living + 1] = ends
    living[#living + 1] = leases[i]
  end
end
if #living == 0 then return end
call('ZADD', KEYS[2], unpack(living))
local ttl = string.format('%d', GRANT_KEPT + ARGV[3])
call('PEXPIRE', KEYS[1], ttl, 'GT')
call('PEXPIRE', KEYS[2], ttl, 'GT')
