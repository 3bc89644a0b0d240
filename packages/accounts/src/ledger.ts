import type { LedgerRow } from '@switchyard/contract/effects'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { ledgerKey, totalsKey } from './keys.ts'

/** Sums of one project's day. */
export interface LedgerTotals {
  attempts: number
  /** Attempts of models that have no price; their cost is not in `costNanoUsd`. */
  unpricedAttempts: number
  inputTokens: number
  cachedInputTokens: number
  cacheWriteTokens: number
  outputTokens: number
  reasoningTokens: number
  costNanoUsd: number
}

const DAY_MS = 24 * 3_600_000
/** Rows are kept this long after their day. */
const KEPT_DAYS = 35
const ROWS_PER_READ = 500

// KEYS ledger totals; ARGV effect id, row, epoch s at which both expire, then field and amount of each total. Gives 1 if the row is new.
const RECORD = defineScript(
  'record-ledger-row',
  `if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
for i = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIREAT', KEYS[1], ARGV[3])
redis.call('EXPIREAT', KEYS[2], ARGV[3])
return 1`,
)

/** The UTC day of a moment, `yyyymmdd`. */
export function ledgerDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')
}

/**
 * Books one attempt on the day on which it ended, and adds it to that day's totals. Once for each effect id: the first row stays,
 * whatever is learnt later. False when the row was there already.
 */
export async function recordLedgerRow(redis: RedisClient, row: LedgerRow): Promise<boolean> {
  const [reply] = await pipelineBySlot(redis, [ledgerCommand(row)])
  if (reply!.error) throw reply!.error
  return reply!.value === 1
}

/** `recordLedgerRow` as a command for a pipeline. */
export function ledgerCommand(row: LedgerRow): Command {
  const day = ledgerDay(row.atMs)
  const expiresAt = Math.ceil(((Math.floor(row.atMs / DAY_MS) + 1 + KEPT_DAYS) * DAY_MS) / 1_000)
  // A script that fails halfway keeps what it did: nothing but whole numbers may reach it.
  const amounts = Object.entries(amountsOf(row))
    .map(([name, amount]) => [name, Number.isFinite(amount) ? Math.round(amount) : 0] as const)
    .filter(([, amount]) => amount !== 0)
  return scriptCommand(
    RECORD,
    [ledgerKey(row.project, day), totalsKey(row.project, day)],
    [row.effectId, JSON.stringify(row), expiresAt, ...amounts.flat()],
  )
}

function amountsOf({ attempt }: LedgerRow): LedgerTotals {
  return {
    attempts: 1,
    unpricedAttempts: attempt.costNanoUsd === null ? 1 : 0,
    inputTokens: attempt.usage?.inputTokens ?? 0,
    cachedInputTokens: attempt.usage?.cachedInputTokens ?? 0,
    cacheWriteTokens: attempt.usage?.cacheWriteTokens ?? 0,
    outputTokens: attempt.usage?.outputTokens ?? 0,
    reasoningTokens: attempt.usage?.reasoningTokens ?? 0,
    costNanoUsd: attempt.costNanoUsd ?? 0,
  }
}

/** The rows of one day (`yyyymmdd`), each once, in no order, some hundred at a time. Rows written meanwhile may be missing. */
export async function* readLedger(redis: RedisClient, project: string, day: string): AsyncGenerator<LedgerRow> {
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next, entries] = await redis.hscan(ledgerKey(project, day), cursor, 'COUNT', ROWS_PER_READ)
    cursor = next
    for (let i = 0; i < entries.length; i += 2) {
      // A scan may show an entry twice.
      if (seen.has(entries[i]!)) continue
      seen.add(entries[i]!)
      yield JSON.parse(entries[i + 1]!) as LedgerRow
    }
  } while (cursor !== '0')
}

/** Sums of one day (`yyyymmdd`), zero for a day without rows. */
export async function readTotals(redis: RedisClient, project: string, day: string): Promise<LedgerTotals> {
  const sums = await redis.hgetall(totalsKey(project, day))
  const sum = (name: keyof LedgerTotals) => Number(sums[name] ?? 0)
  return {
    attempts: sum('attempts'),
    unpricedAttempts: sum('unpricedAttempts'),
    inputTokens: sum('inputTokens'),
    cachedInputTokens: sum('cachedInputTokens'),
    cacheWriteTokens: sum('cacheWriteTokens'),
    outputTokens: sum('outputTokens'),
    reasoningTokens: sum('reasoningTokens'),
    costNanoUsd: sum('costNanoUsd'),
  }
}
