import { defineScript } from '@switchyard/redis/script'

/**
 * KEYS record, all, of the purpose. ARGV id, record, ms to live or '', most files of the project or ''.
 * Gives the record that stands, which is the first one of that id; '' when the project has too many files.
 */
export const REGISTER = defineScript(
  'register-file',
  `local known = redis.call('GET', KEYS[1])
if known then return known end
if ARGV[4] ~= '' and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return '' end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return ARGV[2]`,
)

/** KEYS record, all, of the purpose. ARGV id. */
export const FORGET = defineScript(
  'forget-file',
  `redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])`,
)

/**
 * KEYS index. ARGV prefix of record keys, from, to, 'asc' or 'desc', count. Gives the last id looked at ('' at the end) and the
 * records found. Rows of records that have expired go from the index. Keys of records are of the index' slot.
 */
export const LIST = defineScript(
  'list-files',
  `local reversed = ARGV[4] == 'desc'
local ids = redis.call(reversed and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX', KEYS[1],
  reversed and ARGV[3] or ARGV[2], reversed and ARGV[2] or ARGV[3], 'LIMIT', 0, ARGV[5])
local records = {}
for _, id in ipairs(ids) do
  local record = redis.call('GET', ARGV[1] .. id)
  if record then records[#records + 1] = record else redis.call('ZREM', KEYS[1], id) end
end
return {#ids == tonumber(ARGV[5]) and ids[#ids] or '', records}`,
)
