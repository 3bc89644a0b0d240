import type { RedisClient } from './connect.ts'

/**
 * Listens on one sharded channel with a connection of its own (role `subscriber`). `onReady` is called after every
 * (re)subscription: what was published in between is lost, so the caller reads again what it follows.
 */
export async function subscribe(
  redis: RedisClient,
  channel: string,
  onMessage: (message: string) => void,
  onReady: () => void,
): Promise<void> {
  redis.on('smessage', (_channel: string, message: string) => onMessage(message))
  await redis.ssubscribe(channel)
  onReady()
  // ioredis resubscribes by itself before it says ready; a cluster says so when a node is back.
  redis.on('ready', onReady)
  redis.on('+node', onReady)
}
