import { randomBytes } from 'node:crypto'
import type { EventType } from '@switchyard/contract/event'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { createEndpoint } from '../endpoints.ts'
import type { TryVerdict } from '../judge-try.ts'
import { projectKeys } from '../keys.ts'
import type { Notifications } from '../notifications.ts'
import { type JobEnd, recordEnds } from '../record-ends.ts'
import { endTry, type Taken, type Try, takeTries } from '../tries.ts'

/** A project that nobody else has, and a connection. */
export interface ProjectBundle {
  redis: RedisClient
  on: Notifications
  project: string
  endpoint(types: EventType[], url?: string): Promise<string>
  /** A completed chat job, unless told otherwise; recorded. */
  end(over?: Partial<JobEnd>): Promise<JobEnd>
  take(each?: number, sick?: number): Promise<Taken>
  finish(attempt: Try, result?: TryVerdict['result'], delayMs?: number, restMs?: number): Promise<{ lost: boolean }>
  /** Everything that waits is due now, leases included, and nothing rests. */
  makeDue(): Promise<void>
  close(): Promise<void>
}

let count = 0

export async function openProject(url: string): Promise<ProjectBundle> {
  const redis = await connectRedis(url, { role: 'consumer', name: 'notifications-test' })
  const project = `proj_${randomBytes(6).toString('hex')}`
  const on = { redis, masterSecret: 'a master secret for tests, long enough' }
  const keys = projectKeys(project)
  return {
    redis,
    on,
    project,
    async endpoint(types, target = 'https://example.com/hook') {
      return (await createEndpoint(on, project, { name: 'test', url: target, types })).id
    },
    async end(over = {}) {
      const end: JobEnd = {
        jobId: `job_${(count++).toString().padStart(26, '0')}`,
        project,
        endpoint: '/v1/chat/completions',
        status: 'completed',
        endedAtMs: Date.now(),
        ...over,
      }
      for (const error of await recordEnds(redis, [end])) if (error) throw error
      return end
    },
    async take(each = 100, sick = 100) {
      const taken = await takeTries(redis, [project], {
        each,
        sick,
        onError(error) {
          throw error
        },
      })
      return taken.get(project)!
    },
    finish(attempt, result = 'delivered', delayMs = 0, restMs = 0) {
      const error = result === 'delivered' ? null : ('http_error' as const)
      const verdict = { result, error, delayMs, restMs }
      const row = { at: Date.now() / 1_000, status_code: error ? 500 : 200, error, duration_ms: 1 }
      return endTry(redis, attempt, verdict, row)
    },
    async makeDue() {
      const queues = await redis.zrange(keys.queues, 0, '-1')
      for (const queue of queues) {
        await redis.zadd(keys.queues, '1', queue)
        await redis.hset(`${keys.prefix}wh:health:${queue}`, 'r', '0')
        await redis.del(`${keys.prefix}wh:flight:${queue}`)
        for (const id of await redis.zrange(`${keys.prefix}wh:due:${queue}`, 0, '-1')) {
          await redis.zadd(`${keys.prefix}wh:due:${queue}`, '1', id)
        }
      }
    },
    close: () => disconnectRedis(redis),
  }
}
