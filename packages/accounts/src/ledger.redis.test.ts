import { randomUUID } from 'node:crypto'
import type { LedgerRow } from '@switchyard/contract/effects'
import type { Attempt } from '@switchyard/contract/job'
import { NO_USAGE } from '@switchyard/contract/usage'
import { pipelineBySlot } from '@switchyard/redis/pipeline'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { ledgerKey, totalsKey } from './keys.ts'
import { ledgerCommand, ledgerDay, readLedger, readTotals, recordLedgerRow } from './ledger.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 + 43_200_000
const TODAY = ledgerDay(NOON)

const attempt: Attempt = {
  number: 1,
  fence: 1,
  hop: 0,
  deployment: 'opus',
  provider: 'anthropic',
  model: 'claude-opus-4-7',
  simulated: true,
  dropped: [],
  status: 'completed',
  errorClass: null,
  errorMessage: null,
  httpStatus: 200,
  startedAtMs: NOON,
  ttftMs: 100,
  durationMs: 200,
  usage: { ...NO_USAGE, inputTokens: 100, cachedInputTokens: 40, outputTokens: 7 },
  usageSource: 'provider',
  costNanoUsd: 1_234,
  priceId: 'p1',
  estimate: { inputTokens: 90, outputTokens: 500, costNanoUsd: 9_999 },
}

onEachRedis((redis) => {
  let project: string
  beforeEach(() => {
    project = `proj_${randomUUID()}`
  })

  const row = (effectId: string, change: Partial<Attempt> = {}, atMs = NOON): LedgerRow => ({
    effectId,
    project,
    apiKey: 'key_1',
    jobId: effectId.split('.')[0]!,
    attempt: { ...attempt, ...change },
    endpoint: '/v1/chat/completions',
    model: 'claude-4-7-opus',
    tags: { team: 'a' },
    atMs,
  })
  async function rows(day = TODAY): Promise<LedgerRow[]> {
    const read: LedgerRow[] = []
    for await (const one of readLedger(redis(), project, day)) if ('attempt' in one) read.push(one)
    return read.sort(byId)
  }
  const byId = (a: LedgerRow, b: LedgerRow) => (a.effectId < b.effectId ? -1 : 1)

  describe('ledger', () => {
    it('gives back the rows and their sums', async () => {
      const booked = [row('job_a.1.ledger'), row('job_b.1.ledger', { costNanoUsd: null, usage: null })]
      for (const one of booked) expect(await recordLedgerRow(redis(), one)).toBe(true)
      expect(await rows()).toEqual(booked)
      expect(await readTotals(redis(), project, TODAY)).toEqual({
        attempts: 2,
        unpricedAttempts: 1,
        cachedAnswers: 0,
        savedNanoUsd: 0,
        inputTokens: 100,
        cachedInputTokens: 40,
        cacheWriteTokens: 0,
        outputTokens: 7,
        reasoningTokens: 0,
        costNanoUsd: 1_234,
        cacheSavedNanoUsd: 0,
      })
    })

    it('keeps the first row of an effect, whatever comes later', async () => {
      const first = row('job_a.1.ledger', { status: 'lost', costNanoUsd: 9_999 })
      await recordLedgerRow(redis(), first)
      expect(await recordLedgerRow(redis(), row('job_a.1.ledger'))).toBe(false)
      expect(await rows()).toEqual([first])
      expect(await readTotals(redis(), project, TODAY)).toMatchObject({ attempts: 1, costNanoUsd: 9_999 })
    })

    it('puts a row on the UTC day on which it ended', async () => {
      const midnight = NOON + 43_200_000
      await recordLedgerRow(redis(), row('job_a.1.ledger', {}, midnight - 1))
      await recordLedgerRow(redis(), row('job_b.1.ledger', {}, midnight))
      expect((await rows()).map(({ jobId }) => jobId)).toEqual(['job_a'])
      expect((await rows(ledgerDay(midnight))).map(({ jobId }) => jobId)).toEqual(['job_b'])
      expect(ledgerDay(Date.UTC(2026, 0, 31, 23, 59))).toBe('20260131')
    })

    it('keeps rows and sums for 35 days after their day', async () => {
      await recordLedgerRow(redis(), row('job_a.1.ledger'))
      const end = (NOON + 43_200_000 + 35 * 86_400_000) / 1_000
      expect(await redis().expiretime(ledgerKey(project, TODAY))).toBe(end)
      expect(await redis().expiretime(totalsKey(project, TODAY))).toBe(end)
    })

    it('counts what writes to prompt caches cost against what reads saved', async () => {
      await recordLedgerRow(redis(), row('job_a.1.ledger', { cacheSavedNanoUsd: -500 }))
      await recordLedgerRow(redis(), row('job_b.1.ledger', { cacheSavedNanoUsd: 1_700 }))
      await recordLedgerRow(redis(), row('job_a.1.ledger', { cacheSavedNanoUsd: -500 }))
      expect(await readTotals(redis(), project, TODAY)).toMatchObject({ attempts: 2, cacheSavedNanoUsd: 1_200 })
    })

    it('knows nothing of days without rows, nor of other projects', async () => {
      await recordLedgerRow(redis(), row('job_a.1.ledger'))
      project = `proj_${randomUUID()}`
      expect(await rows()).toEqual([])
      expect(await readTotals(redis(), project, TODAY)).toMatchObject({ attempts: 0, costNanoUsd: 0 })
    })

    it('books numbers that are not whole or not finite without losing the row', async () => {
      expect(await recordLedgerRow(redis(), row('job_a.1.ledger', { costNanoUsd: 10.6 }))).toBe(true)
      const odd = { ...NO_USAGE, inputTokens: Number.NaN }
      expect(await recordLedgerRow(redis(), row('job_b.1.ledger', { costNanoUsd: 5, usage: odd }))).toBe(true)
      expect(await readTotals(redis(), project, TODAY)).toMatchObject({
        attempts: 2,
        costNanoUsd: 16,
        inputTokens: 100,
      })
    })

    it('sums every effect once, in any order, alone or with others, and however often it is repeated', async () => {
      const effect = fc.record({ job: fc.nat(15), cost: fc.option(fc.nat(2 ** 40)) })
      const calls = fc.array(fc.array(effect, { minLength: 1, maxLength: 8 }), { maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(calls, async (list) => {
          project = `proj_${randomUUID()}`
          const first = new Map<number, number | null>()
          for (const { job, cost } of list.flat()) if (!first.has(job)) first.set(job, cost)
          let added = 0
          for (const together of list) {
            const lines = together.map(({ job, cost }) => row(`job_${job}.1.ledger`, { costNanoUsd: cost }))
            const [reply] = await pipelineBySlot(redis(), [ledgerCommand(project, TODAY, lines)])
            expect(reply!.error).toBeNull()
            added += reply!.value as number
          }
          expect(added).toBe(first.size)
          const costs = [...first.values()]
          expect(await readTotals(redis(), project, TODAY)).toMatchObject({
            attempts: first.size,
            unpricedAttempts: costs.filter((cost) => cost === null).length,
            inputTokens: 100 * first.size,
            costNanoUsd: costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0),
          })
          const booked = (await rows()).map(({ effectId, attempt }) => [effectId, attempt.costNanoUsd])
          const expected = Array.from(first, ([job, cost]) => [`job_${job}.1.ledger`, cost])
          expect(booked.toSorted()).toEqual(expected.toSorted())
          if (first.size > 0) {
            expect(await redis().ttl(ledgerKey(project, TODAY))).toBeGreaterThan(0)
            expect(await redis().ttl(totalsKey(project, TODAY))).toBeGreaterThan(0)
          }
        }),
        { numRuns: 30 },
      )
    })

    it('reads a day of many rows, each once', async () => {
      const ids = Array.from({ length: 2_000 }, (_, i) => `job_${i}.1.ledger`)
      await Promise.all(ids.map((id) => recordLedgerRow(redis(), row(id))))
      expect((await rows()).map(({ effectId }) => effectId)).toEqual(ids.toSorted())
    })
  })
})
