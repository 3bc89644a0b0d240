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

/** The totals in the order in which `RECORD` takes them. */
const TOTALS = [
  'attempts',
  'unpricedAttempts',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'costNanoUsd',
] as const satisfies (keyof LedgerTotals)[]

// KEYS ledger totals; ARGV epoch s at which both expire, how many rows, their effect ids, the rows, then the amounts of each row's
// totals. Gives how many of the rows are new; the others change nothing. All commands but the first few touch whole batches: what
// a script costs is above all its commands.
const RECORD = defineScript(
  'record-ledger-rows',
  `local n, names = tonumber(ARGV[2]), { '${TOTALS.join("', '")}' }
local known = redis.call('HMGET', KEYS[1], unpack(ARGV, 3, 2 + n))
local sums = redis.call('HMGET', KEYS[2], unpack(names))
local begun, seen, rows, new = sums[1], {}, {}, 0
for i = 1, #names do sums[i] = tonumber(sums[i] or 0) end
for row = 1, n do
  local id = ARGV[2 + row]
  if not known[row] and not seen[id] then
    seen[id], new = true, new + 1
    rows[2 * new - 1], rows[2 * new] = id, ARGV[2 + n + row]
    local at = 2 + 2 * n + #names * (row - 1)
    for i = 1, #names do sums[i] = sums[i] + ARGV[at + i] end
  end
end
if new == 0 then return 0 end
local totals = {}
for i = 1, #names do
  if sums[i] ~= 0 then
    totals[#totals + 1] = names[i]
    totals[#totals + 1] = string.format('%.0f', sums[i])
  end
end
redis.call('HSET', KEYS[1], unpack(rows))
redis.call('HSET', KEYS[2], unpack(totals))
if not begun then
  redis.call('EXPIREAT', KEYS[1], ARGV[1])
  redis.call('EXPIREAT', KEYS[2], ARGV[1])
end
return new`,
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
  const [reply] = await pipelineBySlot(redis, [ledgerCommand(row.project, ledgerDay(row.atMs), [row])])
  if (reply!.error) throw reply!.error
  return reply!.value === 1
}

/** `recordLedgerRow` of some rows of one project and one day, at most some hundred, as one command for a pipeline. */
export function ledgerCommand(project: string, day: string, rows: LedgerRow[]): Command {
  const expiresAt = Math.ceil(((Math.floor(rows[0]!.atMs / DAY_MS) + 1 + KEPT_DAYS) * DAY_MS) / 1_000)
  const args: (string | number)[] = [expiresAt, rows.length]
  for (const { effectId } of rows) args.push(effectId)
  for (const row of rows) args.push(JSON.stringify(row))
  for (const row of rows) {
    const amounts = amountsOf(row)
    // A script that fails halfway keeps what it did: nothing but whole numbers may reach it.
    for (const name of TOTALS) args.push(Number.isFinite(amounts[name]) ? Math.round(amounts[name]) : 0)
  }
  return scriptCommand(RECORD, [ledgerKey(project, day), totalsKey(project, day)], args)
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
