import type { RedisClient } from '@switchyard/redis/connect'

export interface Listening {
  /** Resolves once the subscription is up. */
  ready: Promise<void>
  close(): void
}

/** Listens on any number of sharded channels over one connection. */
export interface ChannelListener {
  /** `onReady` is called after every (re)subscription: what was published in between is lost, so whoever follows reads again. */
  listen(channel: string, on: { onMessage: (message: string) => void; onReady: () => void }): Listening
  /** Hears nothing any more. The connection stays the caller's. */
  stop(): void
}

type Ears = { onMessage: (message: string) => void; onReady: () => void }

const PULSE_MS = 5_000

/** `subscriber`: role `subscriber`, used for nothing else. */
export function openChannelListener(subscriber: RedisClient, onError: (error: Error) => void): ChannelListener {
  const channels = new Map<string, Set<Ears>>()
  let stopped = false

  function onMessage(channel: string, message: string): void {
    for (const ears of channels.get(channel) ?? []) ears.onMessage(message)
  }

  async function subscribe(channel: string): Promise<void> {
    await subscriber.ssubscribe(channel)
    for (const ears of channels.get(channel) ?? []) ears.onReady()
  }

  /** ioredis resubscribes by itself but does not wait for it; asking once more tells when the subscription is really up. */
  function again(): void {
    if (!stopped) for (const channel of channels.keys()) subscribe(channel).catch(() => {})
  }

  subscriber.on('smessage', onMessage)
  for (const event of ['ready', '+node', 'subscribersReady'] as const) subscriber.on(event, again)
  // Whoever only listens would never learn that nobody speaks any more.
  const pulse = setInterval(() => void subscriber.ping().catch(() => {}), PULSE_MS)
  pulse.unref()

  return {
    listen(channel, on) {
      const ears: Ears = { ...on }
      const known = channels.get(channel)
      if (known) known.add(ears)
      else channels.set(channel, new Set([ears]))
      const ready = subscribe(channel)
      ready.catch(onError)
      return {
        ready,
        close() {
          const all = channels.get(channel)
          if (!all?.delete(ears) || all.size > 0) return
          channels.delete(channel)
          if (subscriber.status === 'ready') subscriber.sunsubscribe(channel).catch(() => {})
        },
      }
    },
    stop() {
      if (stopped) return
      stopped = true
      clearInterval(pulse)
      channels.clear()
      subscriber.off('smessage', onMessage)
      for (const event of ['ready', '+node', 'subscribersReady'] as const) subscriber.off(event, again)
    },
  }
}
