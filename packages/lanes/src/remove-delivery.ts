import { readFileSync } from 'node:fs'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { removeJob } from 'bullmq/dist/esm/scripts/removeJob-2.js'
import { type Delivery, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'
import { type Share, unitsOf } from './turn.ts'

const giveBack = readFileSync(new URL('./lua/give-turn-back.lua', import.meta.url), 'utf8')

const REMOVE = defineScript('lane-remove', `${giveBack}\n${removeJob.content}`)

/** Takes a delivery out, unless somebody holds it. Its project may have the turn for other work. */
export async function removeDelivery(
  redis: RedisClient,
  { base, repeat, prioritized, fair }: LaneKeys,
  delivery: Delivery,
  share: Share,
): Promise<void> {
  const id = deliveryId(delivery)
  await runScript(redis, REMOVE, [base + id, repeat, prioritized, fair], [id, 0, base, share.project, unitsOf(share)])
}
