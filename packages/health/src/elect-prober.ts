import type { RedisClient } from '@switchyard/redis/connect'
import { proberKey } from './keys.ts'

/** Of all processes that ask within `termMs`, one is to probe the deployment. So it also bounds how often that is done. */
export async function electProber(
  redis: RedisClient,
  deployment: string,
  termMs: number,
  prefix?: string,
): Promise<boolean> {
  return (await redis.set(proberKey(deployment, prefix), '1', 'PX', termMs, 'NX')) === 'OK'
}
