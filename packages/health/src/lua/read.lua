return { string.format('%.0f', nowMs), redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
