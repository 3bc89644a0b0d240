import { isClusterClient, type RedisClient } from '@switchyard/redis/connect'

/** Epoch ms by the clock that all scores, leases and row ids are of. A machine whose own clock is wrong still sweeps right. */
export async function redisNow(redis: RedisClient): Promise<number> {
  const node = isClusterClient(redis) ? redis.nodes('master')[0]! : redis
  const [seconds, micros] = await node.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
