import { readFileSync } from 'node:fs'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { addPrioritizedJob } from 'bullmq/dist/esm/scripts/addPrioritizedJob-9.js'
import { type Delivery, deliveryData, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'
import { type Turn, unitsOf } from './turn.ts'

const fairTurn = readFileSync(new URL('./lua/fair-turn.lua', import.meta.url), 'utf8')

/** BullMQ's own script behind one of ours that says the priority: the place is right however many processes add at a time. */
const ADD = defineScript('lane-add', `${fairTurn}\n${addPrioritizedJob.content}`)

/** Puts a delivery where its turn is. One round trip; nothing changes where the lane has it already. */
export async function addDelivery(redis: RedisClient, keys: LaneKeys, delivery: Delivery, turn: Turn): Promise<void> {
  const share = turn === 'next' ? ['', 0] : [turn.project, unitsOf(turn)]
  await runScript(redis, ADD, keys.add, [keys.base, deliveryData(delivery), deliveryId(delivery), Date.now(), ...share])
}
