import type { CachedRow, LedgerRow } from '@switchyard/contract/effects'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { defineScript } from '@switchyard/redis/script'
import { ledgerKey, outputsKey, totalsKey } from './keys.ts'
import { HALVED_AT, MOST_MODELS, OUTPUT_BINS, OUTPUTS_KEPT_S, outputBin } from './output-lengths.ts'

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
  /** How much more it would have cost without the providers' prompt caches, their writes counted against it. */
  cacheSavedNanoUsd: number
  /** Answers that another request's call gave; its tokens and cost count once, where they were paid. */
  cachedAnswers: number
  savedNanoUsd: number
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
  'cacheSavedNanoUsd',
  'cachedAnswers',
  'savedNanoUsd',
] as const satisfies (keyof LedgerTotals)[]

// KEYS ledger totals outputs; ARGV epoch s at which the first two expire, how many rows, their effect ids, the rows, the amounts of each
// row (in the order of `TOTALS`, with spaces between), the bin of each one's output length (-1: none), its model, then field and amount
// of each total if all rows are new. Gives how many rows are new; the others change nothing, and then the amounts are summed anew.
const RECORD = defineScript(
  'record-ledger-rows',
  `local n, known, new = tonumber(ARGV[2]), {}, 0
for i = 1, n do
  if redis.call('HSETNX', KEYS[1], ARGV[2 + i], ARGV[2 + n + i]) == 0 then known[i] = true else new = new + 1 end
end
if new == 0 then return 0 end
local amounts = { unpack(ARGV, 3 + 5 * n) }
if new < n then
  local names, sums = { '${TOTALS.join("', '")}' }, {}
  for i = 1, n do
    local at = 0
    for amount in string.gmatch(known[i] and '' or ARGV[2 + 2 * n + i], '%S+') do
      at = at + 1
      sums[at] = (sums[at] or 0) + amount
    end
  end
  amounts = {}
  for at, name in ipairs(names) do
    if sums[at] ~= 0 then
      amounts[#amounts + 1] = name
      amounts[#amounts + 1] = string.format('%.0f', sums[at])
    end
  end
end
-- The first total counts the rows, of attempts or of cached answers.
local begun = redis.call('HINCRBY', KEYS[2], amounts[1], amounts[2]) > new
for i = 3, #amounts, 2 do redis.call('HINCRBY', KEYS[2], amounts[i], amounts[i + 1]) end
if not begun then
  redis.call('EXPIREAT', KEYS[1], ARGV[1])
  redis.call('EXPIREAT', KEYS[2], ARGV[1])
end
-- Output lengths: one packed histogram for each model.
local FORMAT, bins = '<${'H'.repeat(OUTPUT_BINS)}', {}
for i = 1, n do
  local bin = tonumber(ARGV[2 + 3 * n + i])
  if bin >= 0 and not known[i] then
    local model = ARGV[2 + 4 * n + i]
    bins[model] = bins[model] or {}
    bins[model][#bins[model] + 1] = bin
  end
end
for model, found in pairs(bins) do
  local packed, counts, total = redis.call('HGET', KEYS[3], model), {}, 0
  if packed and #packed == 2 * ${OUTPUT_BINS} then
    counts = { struct.unpack(FORMAT, packed) }
  elseif redis.call('HLEN', KEYS[3]) < ${MOST_MODELS} then
    for bin = 1, ${OUTPUT_BINS} do counts[bin] = 0 end
  end
  if #counts > 0 then
    for _, bin in ipairs(found) do counts[bin + 1] = counts[bin + 1] + 1 end
    for bin = 1, ${OUTPUT_BINS} do total = total + counts[bin] end
    if total >= ${HALVED_AT} then
      for bin = 1, ${OUTPUT_BINS} do counts[bin] = math.floor(counts[bin] / 2) end
    end
    redis.call('HSET', KEYS[3], model, struct.pack(FORMAT, unpack(counts, 1, ${OUTPUT_BINS})))
    if not packed or total >= ${HALVED_AT} then redis.call('EXPIRE', KEYS[3], ${OUTPUTS_KEPT_S}) end
  end
end
return new`,
)

/** The UTC day of a moment, `yyyymmdd`. */
export function ledgerDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')
}

/**
 * Books one attempt, or one cached answer, on the day on which it ended, and adds it to that day's totals. Once for each effect id: the first row stays,
 * whatever is learnt later. False when the row was there already.
 */
export async function recordLedgerRow(redis: RedisClient, row: LedgerRow | CachedRow): Promise<boolean> {
  const [reply] = await pipelineBySlot(redis, [ledgerCommand(row.project, ledgerDay(row.atMs), [row])])
  if (reply!.error) throw reply!.error
  return reply!.value === 1
}

/** `recordLedgerRow` of some rows of one project and one day, at most some hundred, as one command for a pipeline. */
export function ledgerCommand(project: string, day: string, rows: (LedgerRow | CachedRow)[]): Command {
  const expiresAt = Math.ceil(((Math.floor(rows[0]!.atMs / DAY_MS) + 1 + KEPT_DAYS) * DAY_MS) / 1_000)
  const args: (string | number)[] = [expiresAt, rows.length]
  for (const { effectId } of rows) args.push(effectId)
  for (const row of rows) args.push(JSON.stringify(row))
  const sums = TOTALS.map(() => 0)
  for (const row of rows) {
    const amounts = amountsOf(row)
    // A script that fails halfway keeps what it did: nothing but whole numbers may reach it.
    const whole = TOTALS.map((name) => (Number.isFinite(amounts[name]) ? Math.round(amounts[name]) : 0))
    whole.forEach((amount, i) => {
      sums[i]! += amount
    })
    args.push(whole.join(' '))
  }
  for (const row of rows) args.push('kind' in row ? -1 : outputBin(row))
  for (const { model } of rows) args.push(model)
  TOTALS.forEach((name, i) => {
    if (sums[i] !== 0) args.push(name, sums[i]!)
  })
  return scriptCommand(RECORD, [ledgerKey(project, day), totalsKey(project, day), outputsKey(project)], args)
}

const NOTHING = Object.fromEntries(TOTALS.map((name) => [name, 0])) as Record<keyof LedgerTotals, number>

function amountsOf(row: LedgerRow | CachedRow): LedgerTotals {
  if ('kind' in row) return { ...NOTHING, cachedAnswers: 1, savedNanoUsd: row.savedNanoUsd ?? 0 }
  const { attempt } = row
  return {
    ...NOTHING,
    attempts: 1,
    unpricedAttempts: attempt.costNanoUsd === null ? 1 : 0,
    inputTokens: attempt.usage?.inputTokens ?? 0,
    cachedInputTokens: attempt.usage?.cachedInputTokens ?? 0,
    cacheWriteTokens: attempt.usage?.cacheWriteTokens ?? 0,
    outputTokens: attempt.usage?.outputTokens ?? 0,
    reasoningTokens: attempt.usage?.reasoningTokens ?? 0,
    costNanoUsd: attempt.costNanoUsd ?? 0,
    cacheSavedNanoUsd: attempt.cacheSavedNanoUsd ?? 0,
  }
}

/** The rows of one day (`yyyymmdd`), each once, in no order, some hundred at a time. Rows written meanwhile may be missing. */
export async function* readLedger(
  redis: RedisClient,
  project: string,
  day: string,
): AsyncGenerator<LedgerRow | CachedRow> {
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next, entries] = await redis.hscan(ledgerKey(project, day), cursor, 'COUNT', ROWS_PER_READ)
    cursor = next
    for (let i = 0; i < entries.length; i += 2) {
      // A scan may show an entry twice.
      if (seen.has(entries[i]!)) continue
      seen.add(entries[i]!)
      yield JSON.parse(entries[i + 1]!) as LedgerRow | CachedRow
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
    cacheSavedNanoUsd: sum('cacheSavedNanoUsd'),
    cachedAnswers: sum('cachedAnswers'),
    savedNanoUsd: sum('savedNanoUsd'),
  }
}
