import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { PROJECTS_KEY, WORK_CHANNEL } from './keys.ts'

/** Tells deliverers that these projects have something to deliver, and notes it for those that did not hear. Safe to repeat. */
export async function wake(redis: RedisClient, projects: Iterable<string>): Promise<void> {
  const commands = [...projects].flatMap((project): Command[] => [
    { key: PROJECTS_KEY, command: 'hincrby', args: [PROJECTS_KEY, project, 1] },
    publishCommand(WORK_CHANNEL, project),
  ])
  for (const { error } of await pipelineBySlot(redis, commands)) if (error) throw error
}
