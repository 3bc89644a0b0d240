import { memoryBlobStore } from '@switchyard/contract/testing/memory-blob-store'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobIdOfLine } from './batch-id.ts'
import type { Batches } from './batches.ts'
import { closeBatch, finishBatch } from './close-batch.ts'
import { composeFiles } from './compose-files.ts'
import { cancelBatch, pauseBatch, retryFailed } from './control-batch.ts'
import { createBatch } from './create-batch.ts'
import { batchKeys } from './keys.ts'
import { createLineLoader } from './load-lines.ts'
import { readRows } from './read-rows.ts'
import { type LineEnd, recordLineEnds } from './record-line-ends.ts'
import { answerRow } from './row-text.ts'
import { readWindow, type TakenLine, takeLines } from './take-lines.ts'
import { tellValidated } from './tell-validated.ts'
import { inputLine, newBatchSpec, readOne, removeBatch, runningBatch } from './testing/new-batch.ts'
import { SERVERS } from './testing/servers.ts'
import { writeSegment } from './write-segment.ts'

const USAGE = { inputTokens: 3, cachedInputTokens: 1, cacheWriteTokens: 0, outputTokens: 2, reasoningTokens: 1 }

type Step =
  | { do: 'take'; lines: number }
  | { do: 'end'; which: number; outcome: LineEnd['outcome']; repeat: boolean; large: boolean }
  | { do: 'segment' | 'retry' | 'pause' | 'resume' | 'stale-end' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), lines: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(9),
      outcome: fc.constantFrom('ok' as const, 'ok' as const, 'error' as const, 'unfinished' as const),
      repeat: fc.boolean(),
      large: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'segment' as const,
        'retry' as const,
        'pause' as const,
        'resume' as const,
        'stale-end' as const,
      ),
    }),
  },
)

describe.each(SERVERS)('a batch on %s', (_name, url) => {
  let redis: RedisClient
  let batches: Batches
  beforeAll(async () => {
    redis = await connectRedis(url, { role: 'consumer', name: 'batches-test' })
    batches = { redis, blobs: memoryBlobStore() }
  })
  afterAll(() => disconnectRedis(redis))

  function endOf(
    batch: { id: string; project: string },
    { line, try: tryNumber }: TakenLine,
    outcome: LineEnd['outcome'],
    large = false,
  ): LineEnd {
    const text = answerRow({
      customId: `c${line}`,
      jobId: jobIdOfLine(batch.id, line, tryNumber),
      status: outcome === 'ok' ? 200 : 500,
      body: JSON.stringify({ try: tryNumber, filling: large ? 'x'.repeat(70_000) : '' }),
    })
    return { batch, line, try: tryNumber, outcome, text, usage: USAGE, costNanoUsd: 7 }
  }

  async function fileOf(blob: string | undefined) {
    if (blob === undefined) return []
    const text = (await batches.blobs.get(blob))!.toString()
    expect(text.endsWith('\n')).toBe(true)
    return text
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as {
            custom_id: string
            response: { body: { try: number } } | null
            error: { code: string } | null
          },
      )
  }

  it.each(['completed', 'cancelled', 'expired'] as const)(
    'has each line exactly once in its files, whatever came in between, when it is %s',
    { timeout: 120_000 },
    async (final) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => run(steps, final)),
        { numRuns: Number(process.env.PROPERTY_RUNS ?? 60) },
      )
    },
  )

  async function run(steps: Step[], final: 'completed' | 'cancelled' | 'expired'): Promise<void> {
    const total = 12
    const lines = Array.from({ length: total }, (_, line) => inputLine(`c${line}`))
    const spec = await runningBatch(batches, lines)
    const out: TakenLine[] = []
    const ended: TakenLine[] = []
    /** What each line came to, by our own book. */
    const book = new Map<number, { outcome: LineEnd['outcome']; try: number }>()
    let paused = false
    let rowCount = 0
    let tryNumber = 1

    async function end(taken: TakenLine, outcome: LineEnd['outcome'], repeat: boolean, large: boolean): Promise<void> {
      const given = endOf(spec, taken, outcome, large)
      expect(await recordLineEnds(batches, repeat ? [given, given] : [given])).toEqual(repeat ? [true, true] : [true])
      book.set(taken.line, { outcome, try: taken.try })
      ended.push(taken)
      rowCount++
    }

    for (const s of steps) {
      switch (s.do) {
        case 'take': {
          const [taken] = await takeLines(redis, [{ batchId: spec.id, lines: s.lines }], 6)
          if (paused) expect(taken).toEqual([])
          for (const one of taken!) {
            expect(one.try).toBe(tryNumber)
            expect(book.has(one.line)).toBe(false)
          }
          out.push(...taken!)
          expect(out.length).toBeLessThanOrEqual(6)
          break
        }
        case 'end': {
          const [taken] = out.splice(s.which % Math.max(1, out.length), 1)
          if (taken) await end(taken, s.outcome, s.repeat, s.large)
          break
        }
        case 'stale-end': {
          const last = ended.at(-1)
          if (last) await recordLineEnds(batches, [endOf(spec, last, 'error')])
          break
        }
        case 'segment':
          await writeSegment(batches, await readOne(batches, spec.id))
          break
        case 'retry': {
          const failed = [...book].filter(([, { outcome }]) => outcome !== 'ok').map(([line]) => line)
          expect(await retryFailed(redis, spec)).toEqual({ status: 'in_progress', lines: failed.length })
          for (const line of failed) book.delete(line)
          if (failed.length > 0) tryNumber++
          break
        }
        case 'pause':
        case 'resume':
          paused = s.do === 'pause'
          await pauseBatch(redis, spec.id, paused)
      }
      const record = await readOne(batches, spec.id)
      const failed = [...book.values()].filter(({ outcome }) => outcome !== 'ok').length
      expect(record).toMatchObject({ done: book.size, failed, running: out.length, rows: rowCount, paused })
      expect(record.usage.inputTokens).toBe(rowCount * USAGE.inputTokens)
      expect(record.costNanoUsd).toBe(rowCount * 7)
      expect((await readWindow(redis, spec.id)).map(({ line }) => line).toSorted()).toEqual(
        out.map(({ line }) => line).toSorted(),
      )
    }
    const ns: number[] = []
    for await (const row of readRows(batches, spec, 0)) ns.push(row.n)
    expect(ns).toEqual(Array.from({ length: rowCount }, (_, i) => i + 1))

    if (final === 'completed') {
      await pauseBatch(redis, spec.id, false)
      for (;;) {
        for (const taken of out.splice(0)) await end(taken, 'ok', false, false)
        const [taken] = await takeLines(redis, [{ batchId: spec.id, lines: 6 }], 6)
        if (taken!.length === 0) break
        expect(await closeBatch(redis, spec.id, 'completed')).toBe(false)
        out.push(...taken!)
      }
    } else if (final === 'cancelled') {
      expect(await cancelBatch(redis, spec.id)).toBe('in_progress')
    } else {
      expect(await closeBatch(redis, spec.id, 'expired')).toBe(false)
      await redis.hset(batchKeys(spec.id).record, 'expires', 1)
    }
    for (const taken of out.splice(0)) await recordLineEnds(batches, [endOf(spec, taken, 'unfinished')])
    expect((await readOne(batches, spec.id)).rows).toBe(rowCount)
    expect(await closeBatch(redis, spec.id, final)).toBe(true)
    if (ended[0]) await recordLineEnds(batches, [endOf(spec, ended[0], 'ok')])
    const record = await readOne(batches, spec.id)
    expect(record).toMatchObject({ status: 'finalizing', final, rows: rowCount, done: book.size })

    const composed = await composeFiles(batches, createLineLoader(batches), record)
    const [output, errors] = [await fileOf(composed.output?.blob), await fileOf(composed.error?.blob)]
    const seen = [...output, ...errors].map(({ custom_id }) => custom_id)
    expect(seen.toSorted()).toEqual(Array.from({ length: total }, (_, line) => `c${line}`).toSorted())
    for (const { custom_id, response, error } of [...output, ...errors]) {
      const known = book.get(Number(custom_id.slice(1)))
      if (known) expect(response!.body.try).toBe(known.try)
      else expect(error).toMatchObject({ code: `batch_${final}` })
    }
    expect(output).toHaveLength([...book.values()].filter(({ outcome }) => outcome === 'ok').length)
    expect(await finishBatch(redis, spec.id, { output: null, errors: 'file-e' })).toBe(true)
    expect(await finishBatch(redis, spec.id, { output: null, errors: 'file-x' })).toBe(false)
    expect(await readOne(batches, spec.id)).toMatchObject({ status: final, errorFileId: 'file-e' })
    await removeBatch(batches, spec)
  }

  it('runs the failed lines of a completed batch again', async () => {
    const spec = await runningBatch(batches, [inputLine('c0'), inputLine('c1')])
    const [taken] = await takeLines(redis, [{ batchId: spec.id, lines: 9 }], 9)
    await recordLineEnds(batches, [endOf(spec, taken![0]!, 'ok'), endOf(spec, taken![1]!, 'error')])
    await closeBatch(redis, spec.id, 'completed')
    await finishBatch(redis, spec.id, { output: 'file-o', errors: 'file-e' })
    expect(await retryFailed(redis, spec)).toEqual({ status: 'completed', lines: 1 })
    expect(await redis.pttl(batchKeys(spec.id).record)).toBe(-1)
    expect(await readOne(batches, spec.id)).toMatchObject({
      status: 'in_progress',
      try: 2,
      done: 1,
      failed: 0,
      completedAtMs: null,
      errorFileId: null,
    })
    const [again] = await takeLines(redis, [{ batchId: spec.id, lines: 9 }], 9)
    expect(again).toEqual([{ line: 1, try: 2 }])
    await recordLineEnds(batches, [endOf(spec, again![0]!, 'ok')])
    expect(await closeBatch(redis, spec.id, 'completed')).toBe(true)
    const files = await composeFiles(batches, createLineLoader(batches), await readOne(batches, spec.id))
    expect(files.error).toBeNull()
    expect(await fileOf(files.output?.blob)).toHaveLength(2)
    await removeBatch(batches, spec)
  })

  it('moves rows out of Redis in segments of some megabytes, each once', async () => {
    const spec = await runningBatch(
      batches,
      Array.from({ length: 90 }, (_, line) => inputLine(`c${line}`)),
    )
    const [taken] = await takeLines(redis, [{ batchId: spec.id, lines: 90 }], 90)
    await recordLineEnds(
      batches,
      taken!.map((one) => endOf(spec, one, 'ok', true)),
    )
    const before = await readOne(batches, spec.id)
    await Promise.all([writeSegment(batches, before), writeSegment(batches, before)])
    const after = await readOne(batches, spec.id)
    expect(after.trimmed).toBe(60)
    expect(after.pendingBytes).toBeLessThan(before.pendingBytes / 2)
    expect(await redis.xlen(batchKeys(spec.id).rows)).toBe(30)
    const lines: number[] = []
    for await (const row of readRows(batches, spec, 0)) lines.push(row.line)
    expect(lines).toEqual(taken!.map(({ line }) => line))
    // Rows that stand in a segment have no blob of their own any more.
    const own: string[] = []
    for await (const { name } of batches.blobs.list(`${spec.project}/${spec.id}`))
      if (name.includes('/row-')) own.push(name)
    expect(own).toHaveLength(30)
    await removeBatch(batches, spec)
  })

  it('asks the blob store for one thing for a segment of small rows: to keep it', async () => {
    const spec = await runningBatch(
      batches,
      Array.from({ length: 40 }, (_, line) => inputLine(`c${line}`)),
    )
    const [taken] = await takeLines(redis, [{ batchId: spec.id, lines: 40 }], 40)
    await recordLineEnds(
      batches,
      taken!.map((one) => endOf(spec, one, 'ok', false)),
    )
    const asked: string[] = []
    const blobs = new Proxy(batches.blobs, {
      get(store, name) {
        asked.push(String(name))
        return Reflect.get(store, name)
      },
    })
    await writeSegment({ redis, blobs }, await readOne(batches, spec.id))
    expect(asked).toEqual(['put'])
    await removeBatch(batches, spec)
  })

  it('is over at once when it is cancelled before it was validated', async () => {
    const spec = newBatchSpec()
    await createBatch(redis, spec)
    expect(await cancelBatch(redis, spec.id)).toBe('validating')
    expect(await readOne(batches, spec.id)).toMatchObject({ status: 'cancelled', total: 0 })

    expect(await tellValidated(redis, spec.id, { total: 3, model: 'm' })).toBe(false)
    await removeBatch(batches, spec)
  })
})
