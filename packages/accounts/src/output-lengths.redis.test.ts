import { randomUUID } from 'node:crypto'
import type { LedgerRow } from '@switchyard/contract/effects'
import { NO_USAGE } from '@switchyard/contract/usage'
import { eventually } from '@switchyard/redis/testing/eventually'
import { beforeEach, describe, expect, it } from 'vitest'
import { outputsKey } from './keys.ts'
import { recordLedgerRow } from './ledger.ts'
import { createOutputLengths, MOST_MODELS, outputBin, quantileOf } from './output-lengths.ts'
import { onEachRedis } from './testing/on-each-redis.ts'

let rows = 0

function rowOf(
  project: string,
  model: string,
  outputTokens: number,
  over: Partial<LedgerRow['attempt']> = {},
): LedgerRow {
  const attempt: LedgerRow['attempt'] = {
    number: 1,
    fence: 1,
    hop: 0,
    deployment: 'd',
    provider: 'p',
    model: 'upstream',
    simulated: false,
    dropped: [],
    status: 'completed',
    errorClass: null,
    errorMessage: null,
    httpStatus: 200,
    startedAtMs: Date.now(),
    ttftMs: null,
    durationMs: 1,
    usage: { ...NO_USAGE, inputTokens: 1, outputTokens },
    usageSource: 'provider',
    costNanoUsd: 1,
    priceId: null,
    estimate: { inputTokens: 1, outputTokens: 1, costNanoUsd: 1 },
    ...over,
  }
  const jobId = `job_${++rows}`
  return {
    effectId: `${jobId}.1.ledger`,
    project,
    apiKey: 'key',
    jobId,
    attempt,
    endpoint: '/v1/chat/completions',
    model,
    tags: {},
    atMs: Date.now(),
  }
}

onEachRedis((redis) => {
  let project: string
  beforeEach(() => {
    project = randomUUID()
  })

  const answers = (model: string, lengths: number[]) =>
    Promise.all(lengths.map((length) => recordLedgerRow(redis(), rowOf(project, model, length))))

  /** What a process says that has read it. */
  async function learned(model: string): Promise<number | undefined> {
    const outputs = createOutputLengths(redis(), (error) => {
      throw error
    })
    expect(outputs.typical(project, model)).toBeUndefined()
    await eventually(() => expect(outputs.typical(project, 'known')).toBeDefined())
    return outputs.typical(project, model)
  }

  describe('output lengths', () => {
    beforeEach(() =>
      answers(
        'known',
        Array.from({ length: 20 }, () => 1),
      ),
    )

    it('are learnt from the ledger, for each model, to a fifth', async () => {
      await answers(
        'short',
        Array.from({ length: 100 }, (_, i) => (i < 90 ? 50 : 4_000)),
      )
      await answers(
        'long',
        Array.from({ length: 30 }, () => 2_000),
      )
      expect(await learned('short')).toBeGreaterThanOrEqual(50)
      expect(await learned('short')).toBeLessThanOrEqual(60)
      expect(await learned('long')).toBeGreaterThanOrEqual(2_000)
      expect(await learned('long')).toBeLessThanOrEqual(2_400)
    })

    it('say nothing before there are twenty', async () => {
      await answers(
        'few',
        Array.from({ length: 19 }, () => 100),
      )
      expect(await learned('few')).toBeUndefined()
      await answers('few', [100])
      expect(await learned('few')).toBeGreaterThanOrEqual(100)
    })

    it('follow what changes, and forget', async () => {
      await answers(
        'model',
        Array.from({ length: 500 }, () => 3_000),
      )
      await answers(
        'model',
        Array.from({ length: 800 }, () => 100),
      )
      expect(await learned('model')).toBeLessThanOrEqual(120)
    })

    it('count every row once, and none of a call that failed or said nothing', async () => {
      const row = rowOf(project, 'model', 100)
      for (let i = 0; i < 30; i++) await recordLedgerRow(redis(), row)
      for (const over of [{ status: 'failed' }, { usageSource: 'estimate' }, { usage: null }] as const) {
        for (let i = 0; i < 20; i++) await recordLedgerRow(redis(), rowOf(project, 'model', 100, over))
      }
      expect(await learned('model')).toBeUndefined()
    })

    it('take a bounded place that expires', async () => {
      for (let i = 0; i < MOST_MODELS + 10; i++) await answers(`m${i}`, [10])
      expect(await redis().hlen(outputsKey(project))).toBe(MOST_MODELS)
      expect(await redis().ttl(outputsKey(project))).toBeGreaterThan(3_600)
    })
  })
})

it('bins and quantiles agree', () => {
  for (const tokens of [1, 2, 3, 50, 1_023, 1_024, 70_000]) {
    const counts = Array.from({ length: 81 }, () => 0)
    counts[outputBin(rowOf('p', 'm', tokens))] = 20
    const quantile = quantileOf(counts, 0.9)!
    expect(quantile).toBeGreaterThanOrEqual(tokens)
    expect(quantile).toBeLessThanOrEqual(Math.ceil(tokens * 1.19) + 1)
  }
  expect(outputBin(rowOf('p', 'm', 1e12))).toBe(80)
})
