import type { EventObject, EventType } from '@switchyard/contract/event'
import { newToken } from '@switchyard/contract/ids'
import type { DeliveryTry } from '@switchyard/contract/webhook'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { runScript } from '@switchyard/redis/script'
import { parseDefault } from './default-secret.ts'
import { endpointRecord } from './endpoint-record.ts'
import type { TryVerdict } from './judge-try.ts'
import { projectKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { defaultOwner, type SecretVersion } from './secrets.ts'

/** Longer than any try can take (15 s) and than its end needs to be written; after it the try is made again by whoever is there. */
const LEASE_MS = 30_000
/** Tries at a time of one endpoint that takes them well. */
const MOST_AT_ONCE = 8

/** One try in the hands of a deliverer, until its lease ends. */
export interface Try {
  project: string
  deliveryId: string
  token: string
  /** An endpoint's id, or `default`. */
  owner: string
  url: string
  event: EventObject
  secretOwner: string
  secret: SecretVersion
  isTest: boolean
  /** Its receiver failed last: it has a place among those. */
  isSick: boolean
  /** Within its round, 1 the first. */
  number: number
  traceparent: string | undefined
}

export interface Taken {
  tries: Try[]
  /** There is more to take now. */
  more: boolean
  /** Epoch ms (Redis' clock) at which to look again; null: nothing waits. */
  nextAtMs: number | null
}

/**
 * Takes due tries of some projects, each under a lease, within what each queue may have at a time. `sick`: how many of them may go to
 * receivers that failed last. A project whose reply is an error is left out and comes up again.
 */
export async function takeTries(
  redis: RedisClient,
  projects: readonly string[],
  options: { each: number; sick: number; onError: (error: Error) => void },
): Promise<Map<string, Taken>> {
  const token = newToken()
  const replies = await pipelineBySlot(
    redis,
    projects.map((project): Command => {
      const { queues, endpoints, types, defaults, prefix } = projectKeys(project)
      return scriptCommand(
        scripts.take,
        [queues, endpoints, types, defaults],
        [prefix, options.each, options.sick, LEASE_MS, MOST_AT_ONCE, token],
      )
    }),
  )
  const taken = new Map<string, Taken>()
  for (const [i, { error, value }] of replies.entries()) {
    const project = projects[i]!
    if (error) {
      options.onError(error)
      continue
    }
    const [next, more, rows] = value as [string, number, TakenRow[]]
    const tries = rows.map((row) => toTry(project, token, row))
    taken.set(project, { tries, more: more === 1, nextAtMs: next === '-1' ? null : Number(next) })
  }
  return taken
}

type TakenRow = [id: string, fields: (string | null)[], record: string, isSick: 0 | 1]

function toTry(project: string, token: string, [deliveryId, fields, record, isSick]: TakenRow): Try {
  const [id, type, dataId, created, owner, ownUrl, trace, test, tries, before] = fields as string[]
  const endpoint = ownUrl ? null : endpointRecord.parse(JSON.parse(record))
  return {
    project,
    deliveryId,
    token,
    owner: owner!,
    url: endpoint?.url ?? ownUrl!,
    event: {
      id: id!,
      object: 'event',
      type: type as EventType,
      created_at: Number(created),
      data: { id: dataId! },
    },
    secretOwner: endpoint?.id ?? defaultOwner(project),
    secret: endpoint ?? parseDefault(record || null),
    isTest: test === '1',
    isSick: isSick === 1,
    number: Number(tries) - Number(before) + 1,
    traceparent: trace || undefined,
  }
}

/**
 * Writes down how a try ended and what follows. Gives when the project is to be looked at next (epoch ms, null: nothing waits);
 * `lost`: the lease had ended, and the try is somebody else's.
 */
export async function endTry(
  redis: RedisClient,
  attempt: Try,
  verdict: TryVerdict,
  row: Omit<DeliveryTry, 'number'>,
): Promise<{ lost: boolean; nextAtMs: number | null }> {
  // A test is one try: its caller waits for how it ended, whatever that was.
  const result = attempt.isTest && verdict.result !== 'delivered' ? 'dead' : verdict.result
  return write(redis, attempt, [result, verdict.delayMs, JSON.stringify(row), verdict.restMs])
}

/** Gives a try back that was not made; it is due again after `delayMs`. */
export async function putBackTry(
  redis: RedisClient,
  attempt: Try,
  delayMs: number,
): Promise<{ lost: boolean; nextAtMs: number | null }> {
  return write(redis, attempt, ['back', delayMs, '', 0])
}

async function write(
  redis: RedisClient,
  attempt: Try,
  args: [result: string, delayMs: number, row: string, restMs: number],
): Promise<{ lost: boolean; nextAtMs: number | null }> {
  const { queues, types, disabled, testChannel, prefix } = projectKeys(attempt.project)
  const reply = (await runScript(
    redis,
    scripts.end,
    [queues, types, disabled, testChannel],
    [prefix, attempt.deliveryId, attempt.token, ...args, MOST_AT_ONCE],
  )) as [0] | [1, string]
  if (reply[0] === 0) return { lost: true, nextAtMs: null }
  return { lost: false, nextAtMs: reply[1] === '-1' ? null : Number(reply[1]) }
}
