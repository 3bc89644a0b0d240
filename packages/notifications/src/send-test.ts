import { BrokerError } from '@switchyard/contract/broker-error'
import type { EventType } from '@switchyard/contract/event'
import { newUlid } from '@switchyard/contract/ids'
import type { WebhookDelivery } from '@switchyard/contract/webhook'
import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { ChannelListener } from './channel-listener.ts'
import { readDelivery } from './deliveries.ts'
import { projectKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { wake } from './wake.ts'

/** Nobody is to be flooded by a button. */
const TESTS_PER_MINUTE = 10
/** A deliverer needs 15 s at most once it has heard. */
const PATIENCE_MS = 20_000
/** The message that it ended may be lost. */
const LOOK_EVERY_MS = 2_000

/**
 * Sends a sample event to an endpoint of the project, once, and resolves with its delivery when that try has ended. A deliverer makes
 * the call, since this process makes none. Throws `rate_limit_exceeded` above ten a minute, `service_unavailable` when nobody delivers.
 */
export async function sendTest(
  redis: RedisClient,
  listener: ChannelListener,
  project: string,
  endpoint: string,
  type: EventType,
): Promise<WebhookDelivery> {
  const { testChannel, queues, prefix } = projectKeys(project)
  const suffix = newUlid()
  const id = `whd_${suffix}${endpoint.slice(-10)}`
  const ended = Promise.withResolvers<void>()
  const listening = listener.listen(testChannel, {
    onMessage: (message) => message === id && ended.resolve(),
    onReady: () => {},
  })
  try {
    await listening.ready
    const args = [prefix, endpoint, id, `evt_${suffix}`, type, `sample_${suffix}`, Math.floor(Date.now() / 1_000)]
    if ((await runScript(redis, scripts.test, [queues], [...args, TESTS_PER_MINUTE])) === 0) {
      throw new BrokerError('rate_limit_exceeded', `An endpoint takes ${TESTS_PER_MINUTE} tests a minute.`, {
        retryAfterMs: 60_000,
      })
    }
    await wake(redis, [project])
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
      await within(ended.promise, LOOK_EVERY_MS)
      const delivery = await readDelivery(redis, project, endpoint, id)
      if (delivery && delivery.tries.length > 0) return delivery
    }
    throw new BrokerError('service_unavailable', 'Nobody delivers webhooks at the moment. Try again.', {
      retryAfterMs: 5_000,
    })
  } finally {
    listening.close()
  }
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([promise, late.promise])
  clearTimeout(timer)
}
