import { readFileSync } from 'node:fs'
import type { RedisClient } from '@switchyard/redis/connect'
import { defineScript, runScript } from '@switchyard/redis/script'
import type { LaneKeys } from './keys.ts'

const [fetch, finish] = ['fetch', 'finish'].map((name) =>
  readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8'),
)
/** At maxmemory too: what waits must be able to run and to leave. Adds are refused then. */
const WHEN_FULL = '#!lua flags=allow-oom\n'
const FETCH = defineScript('lane-fetch', `${WHEN_FULL}${fetch}`)
const FINISH = defineScript('lane-finish', `${WHEN_FULL}${finish}\n${fetch}`)

/** Whose locks they get, and for how long. */
export interface Holder {
  token: string
  lockDurationMs: number
}

export interface FetchedDelivery {
  kind: 'delivery'
  id: string
  /** JSON. */
  data: string
  /** How often it was handed out, this time included. */
  begun: number
  /** Nothing is left to fetch, now or later. */
  isLast: boolean
}

export type Fetched =
  | FetchedDelivery
  | {
      kind: 'nothing'
      /** When the first delayed one is due. */
      nextAtMs?: number
      /** BullMQ's own script had to look. */
      isSpecial?: true
      /** Somebody limited the lane's rate: it gives nothing for so long. */
      restMs?: number
    }
  /** Something is special about the lane; BullMQ's own script must look. Nothing was fetched. */
  | { kind: 'special' }

/**
 * BullMQ's own scripts do this with 16 to 23 commands a job, for jobs that may have parents, schedules, metrics and events that
 * somebody reads. These do what a delivery needs with ten and leave in Redis what those would: BullMQ's scripts, its Workers and its tools
 * find the lane as they expect it. Half of the time of Redis, measured.
 */
export async function fetchDelivery(redis: RedisClient, keys: LaneKeys, holder: Holder): Promise<Fetched> {
  return parseFetched(await runScript(redis, FETCH, keys.fetch, fetchArgs(keys, holder)))
}

/**
 * Ends a delivery that is held, and fetches the next one in its place if `fetchNext`; with a lock of the same token, as BullMQ wants it.
 * Null: it is not held by this token, nothing was changed.
 */
export async function finishDelivery(
  redis: RedisClient,
  keys: LaneKeys,
  holder: Holder,
  id: string,
  fetchNext: boolean,
): Promise<Fetched | null> {
  const args = [...fetchArgs(keys, holder), id, fetchNext ? 1 : 0]
  const answer = await runScript(redis, FINISH, keys.finish, args)
  return answer === -1 ? null : parseFetched(answer)
}

function fetchArgs({ base }: LaneKeys, { token, lockDurationMs }: Holder): (string | number)[] {
  return [base, token, lockDurationMs]
}

function parseFetched(answer: unknown): Fetched {
  if (answer === 0) return { kind: 'nothing' }
  if (!Array.isArray(answer)) return { kind: 'special' }
  if (answer.length < 4) return { kind: 'nothing', ...(answer.length === 1 ? { nextAtMs: answer[0] } : {}) }
  const [id, data, begun, isLast] = answer as [string, string, number, number]
  return { kind: 'delivery', id, data, begun, isLast: isLast === 1 }
}
