import { readFileSync } from 'node:fs'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import { type Delivery, deliveryData, deliveryId } from './delivery.ts'
import type { LaneKeys } from './keys.ts'
import { type Turn, unitsOf } from './turn.ts'

const [place, add] = ['place', 'add'].map((name) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8'))

/** One script says the place and takes it: the order is right however many processes add at a time. */
const ADD = defineScript('lane-add', `${place}\n${add}`)

/** Puts a delivery where its turn is. One round trip; nothing changes where the lane has it already. */
export async function addDelivery(redis: RedisClient, keys: LaneKeys, delivery: Delivery, turn: Turn): Promise<void> {
  const share = turn === 'next' ? ['', 0] : [turn.project, unitsOf(turn)]
  await runScript(redis, ADD, keys.add, [keys.base, deliveryId(delivery), deliveryData(delivery), Date.now(), ...share])
}
