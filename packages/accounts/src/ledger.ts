import type { LedgerRow } from '@switchyard/contract/effects'
import type { RedisClient } from '@switchyard/redis/connect'

/** Temporary: replaced by the accounts author. */
export async function recordLedgerRow(redis: RedisClient, row: LedgerRow): Promise<boolean> {
  return (await redis.hsetnx(`sy:{${row.project}}:ledger`, row.effectId, JSON.stringify(row))) === 1
}
