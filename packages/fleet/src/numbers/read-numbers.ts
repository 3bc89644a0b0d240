import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { addSnapshots, withoutGauges } from '@switchyard/telemetry/add-snapshots'
import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import { z } from 'zod'
import { numbersKeys } from '../keys.ts'
import { LAPSE_MS } from '../member.ts'

/** Silent for that long, a member has gone. Much longer than a failover, and no shorter than a pause in which a machine sleeps a little. */
const GONE_AFTER_MS = 10 * 60_000
const KEEP_MS = 7 * 24 * 3_600_000

// All at one moment: between two commands a member could move to those that have gone, and be counted twice or not at all.
const READ = defineScript(
  'fleet-read-numbers',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = redis.call('HMGET', KEYS[3], 'version', 'counted')
local seen = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local found = {}
for i = 1, #seen, 2 do
  local json = redis.call('HGET', KEYS[1], seen[i])
  if json then found[#found + 1] = { seen[i], tostring(nowMs - seen[i + 1]), json } end
end
return { gone[1] or '0', gone[2] or '', found }`,
)

// KEYS numbers seen gone; ARGV the version that was read, what has gone now, how long it is kept, from which silence on a member
// has gone, their ids. Gives 0, and does nothing, when another one was first or a member is back.
const KEEP_GONE = defineScript(
  'fleet-keep-gone-numbers',
  `
if (redis.call('HGET', KEYS[3], 'version') or '0') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 5, #ARGV do
  local seen = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if not seen or nowMs - seen < tonumber(ARGV[4]) then return 0 end
end
redis.call('HSET', KEYS[3], 'version', ARGV[1] + 1, 'counted', ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
for i = 5, #ARGV do
  redis.call('ZREM', KEYS[2], ARGV[i])
  redis.call('HDEL', KEYS[1], ARGV[i])
end
return 1`,
)

const published = z.object({ role: z.string().max(64), counted: z.record(z.string(), z.unknown()) })

interface PublishedNumbers {
  id: string
  silentMs: number
  role: string
  counted: MetricsSnapshot
}

export interface FleetNumbers {
  /** What all members have counted, those that have gone included; gauges of those alone that are here. */
  counted: MetricsSnapshot
  /** Role → how many processes are here. */
  members: Map<string, number>
}

/**
 * The fleet's numbers: what every process has published (publish-numbers.ts), added up. A sum never falls because a process ended: what
 * it had counted stays, first under its own name, and after ten minutes of silence in the sum of those that have gone, which this
 * function keeps on the way. That is bounded like a process's own numbers, and forgotten after a week in which nobody went.
 */
export async function readNumbers(
  redis: RedisClient,
  options: { prefix?: string; goneAfterMs?: number } = {},
): Promise<FleetNumbers> {
  const { goneAfterMs = GONE_AFTER_MS } = options
  const { numbers, seen, gone } = numbersKeys(options.prefix)
  const [version, goneJson, found] = (await runScript(redis, READ, [numbers, seen, gone], [])) as [
    string,
    string,
    [string, string, string][],
  ]
  const members = found.flatMap(parsePublished)
  const departed = goneJson === '' ? {} : (JSON.parse(goneJson) as MetricsSnapshot)
  const lost = members.filter(({ silentMs }) => silentMs >= goneAfterMs)
  if (lost.length > 0) {
    const sum = JSON.stringify(addSnapshots([departed, ...lost.map(({ counted }) => withoutGauges(counted))]))
    const args = [version, sum, KEEP_MS, goneAfterMs, ...lost.map(({ id }) => id)]
    await runScript(redis, KEEP_GONE, [numbers, seen, gone], args)
  }
  const here = members.filter(({ silentMs }) => silentMs < LAPSE_MS)
  const roles = new Map<string, number>()
  for (const { role } of here) roles.set(role, (roles.get(role) ?? 0) + 1)
  const counted = members.map((member) => (member.silentMs < LAPSE_MS ? member.counted : withoutGauges(member.counted)))
  return { counted: addSnapshots([departed, ...counted]), members: roles }
}

/** None for one that this version can't read. */
function parsePublished([id, silentMs, json]: [string, string, string]): PublishedNumbers[] {
  try {
    const { role, counted } = published.parse(JSON.parse(json))
    // The shape of each series is looked at where they are added up.
    return [{ id, silentMs: Number(silentMs), role, counted: counted as MetricsSnapshot }]
  } catch {
    return []
  }
}
