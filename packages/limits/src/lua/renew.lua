-- ARGV 3 leaseMs, then leases. Those that have run out stay out.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
local ends = int(now + ARGV[3])
local pairs_of = {}
for i = 4, #ARGV do
  pairs_of[#pairs_of + 1] = ends
  pairs_of[#pairs_of + 1] = ARGV[i]
end
redis.call('ZADD', KEYS[2], 'XX', unpack(pairs_of))
redis.call('PEXPIRE', KEYS[2], int(10 * minute + 2 * ARGV[3]))
