import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { prefixCountsKey, prefixNetsKey } from './keys.ts'

/** How often a project's jobs began alike lately, and what the prompt cache made of it. Shared by all processes; advisory, so it may be lost. */
export interface PrefixFacts {
  /** Jobs that began so within the last five to ten minutes, this one counted. */
  seen: number
  /** Over the last one to two hours: calls that read or wrote a cache, and what that saved, in nano-dollars. */
  net: PrefixNet
}

export interface PrefixNet {
  calls: number
  savedNanoUsd: number
}

/** As long as the shortest cache lives without being used. */
export const SEEN_WINDOW_MS = 300_000
const NET_WINDOW_MS = 3_600_000
/** Digests of one window and project; further ones are not remembered. About 0.5 MB. */
const MOST = 10_000

// KEYS counts now, counts before, nets now, nets before; ARGV most, ms that counts are kept, then digests, then after '' names whose nets
// alone are wanted. Gives seen, calls and saved of each.
const SIGHT = defineScript(
  'sight-prefixes',
  `local answer, counting = {}, true
local function sum(a, b, field) return (tonumber(redis.call('HGET', a, field) or 0)) + (tonumber(redis.call('HGET', b, field) or 0)) end
for i = 3, #ARGV do
  local name = ARGV[i]
  if name == '' then counting = false
  else
    local seen = 0
    if counting then
      local own = 1
      if redis.call('HEXISTS', KEYS[1], name) == 1 or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[1]) then
        own = redis.call('HINCRBY', KEYS[1], name, 1)
      end
      seen = own + tonumber(redis.call('HGET', KEYS[2], name) or 0)
    end
    answer[#answer + 1] = seen
    answer[#answer + 1] = sum(KEYS[3], KEYS[4], name)
    answer[#answer + 1] = string.format('%.0f', sum(KEYS[3], KEYS[4], name .. '$'))
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return answer`,
)

// KEYS nets now; ARGV most, ms that they are kept, then triples: name, calls, saved nano-dollars.
const BOOK = defineScript(
  'book-prefixes',
  `for i = 3, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 or redis.call('HLEN', KEYS[1]) < 2 * tonumber(ARGV[1]) then
    redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
    redis.call('HINCRBY', KEYS[1], ARGV[i] .. '$', ARGV[i + 2])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
)

/**
 * Counts one more job for each digest and gives what is known of them; of `models` the nets alone. One script in the project's slot, for many
 * jobs at once; nobody waits for it.
 */
export async function sightPrefixes(
  redis: RedisClient,
  project: string,
  digests: readonly string[],
  models: readonly string[],
  nowMs: number = Date.now(),
): Promise<{ prefixes: PrefixFacts[]; models: PrefixNet[] }> {
  const window = Math.floor(nowMs / SEEN_WINDOW_MS)
  const hour = Math.floor(nowMs / NET_WINDOW_MS)
  const keys = [
    prefixCountsKey(project, window),
    prefixCountsKey(project, window - 1),
    prefixNetsKey(project, hour),
    prefixNetsKey(project, hour - 1),
  ]
  const args = [MOST, 2 * SEEN_WINDOW_MS, ...digests, '', ...models.map(modelName)]
  const [reply] = await pipelineBySlot(redis, [scriptCommand(SIGHT, keys, args)])
  if (reply!.error) throw reply!.error
  const numbers = (reply!.value as (number | string)[]).map(Number)
  const facts = Array.from({ length: numbers.length / 3 }, (_, i): PrefixFacts => {
    const [seen, calls, savedNanoUsd] = numbers.slice(i * 3, i * 3 + 3) as [number, number, number]
    return { seen, net: { calls, savedNanoUsd } }
  })
  return { prefixes: facts.slice(0, digests.length), models: facts.slice(digests.length).map(({ net }) => net) }
}

/** Adds what the cache saved (or cost) calls of a project, to their prefix and to their model. Not idempotent: a repeat counts twice. */
export function bookPrefixesCommand(
  project: string,
  calls: readonly { prefix: string; model: string; savedNanoUsd: number }[],
  nowMs: number = Date.now(),
): Command {
  const args: (string | number)[] = [MOST, 2 * NET_WINDOW_MS]
  for (const { prefix, model, savedNanoUsd } of calls) {
    const saved = Math.round(savedNanoUsd)
    args.push(prefix, 1, saved, modelName(model), 1, saved)
  }
  return scriptCommand(BOOK, [prefixNetsKey(project, Math.floor(nowMs / NET_WINDOW_MS))], args)
}

/** No digest has a star. */
function modelName(model: string): string {
  return `*${model}`
}
