import { BrokerError } from '@switchyard/contract/broker-error'
import type { RedisClient } from '@switchyard/redis/connect'
import { projectKey } from './keys.ts'

const LEAST = 0.01
const MOST = 100

/** A project's share of a lane where several wait: one of weight 2 gets twice the tokens of one of weight 1. 1 where nobody set it. */
export async function readWeight(redis: RedisClient, project: string): Promise<number> {
  const weight = Number((await redis.hget(projectKey(project), 'weight')) ?? 1)
  return weight >= LEAST && weight <= MOST ? weight : 1
}

/** For jobs that are accepted from then on; ingress learns of it within seconds. Throws `invalid_value` outside 0.01 … 100. */
export async function setWeight(redis: RedisClient, project: string, weight: number): Promise<void> {
  if (!(weight >= LEAST && weight <= MOST)) {
    throw new BrokerError('invalid_value', `A weight is a number from ${LEAST} to ${MOST}.`, { param: 'weight' })
  }
  await redis.hset(projectKey(project), 'weight', weight)
}
