import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { subscribe } from '@switchyard/redis/subscribe'
import { fleetKeys } from './keys.ts'
import { type Member, parseMember, REFRESH_MS } from './member.ts'
import { createRosterKeeper } from './roster.ts'

const READ = defineScript(
  'fleet-read',
  `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', nowMs), '+inf', 'LIMIT', 0, 1000)
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[1], unpack(ids))`,
)

export interface FleetWatch {
  /** Ids of deployments that a live worker can serve. The same set until something changes. */
  deployments(): ReadonlySet<string>
  /** At least one live worker answers this deployment with the simulator. */
  isSimulated(deployment: string): boolean
  members(): readonly Member[]
  /** The fleet has been read once. */
  ready: Promise<void>
  stop(): Promise<void>
}

/**
 * Follows which processes are alive and what they can serve: read at start, whenever a member comes, changes or goes, and
 * every 5 s as the net. While Redis is away the last view stays. Both connections stay the caller's.
 */
export function startFleetWatch(options: {
  redis: RedisClient
  /** Role `subscriber`; it may listen on other channels as well. */
  subscriber: RedisClient
  /** Called when a member came, changed or went. */
  onChange?: (watch: FleetWatch) => void
  onError?: (error: Error) => void
  prefix?: string
}): FleetWatch {
  const { redis, subscriber, onChange, onError = () => {} } = options
  const keys = fleetKeys(options.prefix)
  const keeper = createRosterKeeper()
  const firstRead = Promise.withResolvers<void>()
  let reading: Promise<void> | null = null
  let again = false
  let stopped = false

  async function read(): Promise<void> {
    const found = (await runScript(redis, READ, [keys.members, keys.expiries], [])) as (string | null)[]
    if (stopped) return
    const members = found.map((json) => (json === null ? null : parseMember(json))).filter((each) => each !== null)
    const changed = keeper.take(members, performance.now())
    firstRead.resolve()
    if (changed) onChange?.(watch)
  }

  /** One read at a time; what is told meanwhile leads to one more after it. */
  function look(): void {
    if (stopped) return
    again = reading !== null
    reading ??= read()
      .catch(onError)
      .finally(() => {
        reading = null
        if (again) look()
      })
  }

  const watch: FleetWatch = {
    deployments: () => keeper.current().deployments,
    isSimulated: (deployment) => keeper.current().simulated.has(deployment),
    members: () => keeper.current().members,
    ready: firstRead.promise,
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      firstRead.resolve()
      if (subscriber.status === 'ready') await subscriber.sunsubscribe(keys.channel).catch(() => {})
    },
  }

  const timer = setInterval(look, REFRESH_MS)
  look()
  subscribe(subscriber, keys.channel, look, look).catch(onError)
  return watch
}
