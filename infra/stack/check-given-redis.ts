import { SettingsError } from './stack-settings.ts'

/**
 * Refuses a given `REDIS_URL` that can't be reached, is too old, or may evict accepted jobs. The client library is loaded
 * here and not before: a start with a managed Redis does without it.
 */
export async function checkGivenRedis(url: string): Promise<void> {
  const [{ connectRedis, disconnectRedis }, { checkPolicy }] = await Promise.all([
    import('@switchyard/redis/connect'),
    import('@switchyard/redis/check-policy'),
  ])
  try {
    const redis = await connectRedis(url, { role: 'producer', name: 'switchyard-start' })
    await checkPolicy(redis).finally(() => disconnectRedis(redis))
  } catch (error) {
    throw new SettingsError(`REDIS_URL can't be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}
