import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { PROJECTS_KEY } from './keys.ts'

const FORGET = defineScript(
  'webhooks-forget',
  `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`,
)

/** Projects that have, or had, something to deliver, each with its number of wake-ups. */
export async function projectsWithWork(redis: RedisClient): Promise<Map<string, string>> {
  return new Map(Object.entries(await redis.hgetall(PROJECTS_KEY)))
}

/** Strikes a project off in which nothing waited, unless it was woken since its number was read. */
export async function forgetProject(redis: RedisClient, project: string, wakeUps: string): Promise<void> {
  await runScript(redis, FORGET, [PROJECTS_KEY], [project, wakeUps])
}
