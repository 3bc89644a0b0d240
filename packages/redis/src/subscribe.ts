import type { RedisClient } from './connect.ts'

const PULSE_MS = 5_000

/**
 * Listens on one sharded channel with a connection (role `subscriber`) that may listen on others too. `onReady` is called after every
 * (re)subscription: what was published in between is lost, so the caller reads again what it follows.
 */
export async function subscribe(
  redis: RedisClient,
  channel: string,
  onMessage: (message: string) => void,
  onReady: () => void,
): Promise<void> {
  redis.on('smessage', (from: string, message: string) => {
    if (from === channel) onMessage(message)
  })
  // ioredis resubscribes by itself but does not wait for it; asking once more tells when the subscription is really up.
  const again = () => {
    redis.ssubscribe(channel).then(onReady, () => {})
  }
  await redis.ssubscribe(channel)
  onReady()
  // Whoever only listens would never learn that nobody speaks any more.
  const pulse = setInterval(() => void redis.ping().catch(() => {}), PULSE_MS)
  pulse.unref()
  redis.once('end', () => clearInterval(pulse))
  redis.on('ready', again)
  redis.on('+node', again)
  // A cluster's connection to one shard was lost and replaced; nothing else tells of it.
  redis.on('subscribersReady', again)
}
