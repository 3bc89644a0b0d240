import { jobIdOfLine } from '@switchyard/batches/batch-id'
import { cancelBatch, pauseBatch, retryFailed } from '@switchyard/batches/control-batch'
import { batchKeys } from '@switchyard/batches/keys'
import { readRows } from '@switchyard/batches/read-rows'
import { takeLines } from '@switchyard/batches/take-lines'
import { jobKeys } from '@switchyard/jobs/keys'
import { readJob } from '@switchyard/jobs/read-job'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cancel } from '../cancel.ts'
import { type BatchBundle, line, openBatches } from '../testing/batch-bundle.ts'
import { reconcileWindow } from './reconcile-window.ts'

describe.each(OWN_SERVERS)('batches on %s', (_name, url) => {
  let bundle: BatchBundle
  let workers: { stop(): Promise<void> }[]
  beforeEach(async () => {
    bundle = await openBatches(url)
    workers = []
  })
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    await bundle.close()
  })

  function work(options?: Parameters<BatchBundle['work']>[1], lane = `${bundle.lanes[0]}.batch`): void {
    workers.push(bundle.work(lane, options))
  }

  const names = (count: number, prefix = 'c') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

  it('lets one of the lines that begin alike write the provider’s cache before the others go', async () => {
    const alike = (name: string, document: string) =>
      line(name, {
        messages: [
          { role: 'system', content: document },
          { role: 'user', content: name },
        ],
        switchyard: { prompt_cache: 'auto' },
      })
    const [one, two] = ['one ', 'two '].map((word) => word.repeat(3_000)) as [string, string]
    const spec = await bundle.submit([
      ...names(10).map((name) => alike(name, one)),
      ...names(10, 'd').map((name) => alike(name, two)),
      line('alone'),
    ])
    let answer = () => {}
    work({ hold: new Promise<void>((resolve) => (answer = resolve)) })
    const feeder = bundle.newFeeder()
    const { signal } = new AbortController()
    await bundle.feedUntil(feeder, () => bundle.calls.length === 3)
    for (let i = 0; i < 5; i++) await feeder.round(signal)
    expect(bundle.calls.toSorted()).toEqual(['alone', one, two])
    const first = await readJob(bundle.broker.jobs, jobIdOfLine(spec.id, 0, 1))
    // It is marked already, so that it writes what the others read.
    expect(first!.spec.promptCache).toMatchObject({ ends: [{ at: [0] }] })
    expect(await readJob(bundle.broker.jobs, jobIdOfLine(spec.id, 1, 1))).toBeNull()

    answer()
    await bundle.feedToEnd(feeder, spec.id)
    expect(await bundle.batch(spec.id)).toMatchObject({ status: 'completed', done: 21, failed: 0 })
    expect(bundle.calls).toHaveLength(21)
  })

  it('runs every line and writes what came of it', async () => {
    const spec = await bundle.submit([
      ...names(20).map((name) => line(name)),
      line('fail-1'),
      line('bad', { temperature: 9 }),
      line('unknown', { model: 'nobody' }),
      line('streamed', { stream: true }),
      line('shared', { switchyard: { cache: 'exact' } }),
    ])
    work()
    await bundle.feedToEnd(bundle.newFeeder(), spec.id)
    const batch = await bundle.batch(spec.id)
    expect(batch).toMatchObject({ status: 'completed', total: 25, done: 25, failed: 5, running: 0, model: 'm' })
    expect(batch.usage).toMatchObject({ inputTokens: 210, outputTokens: 105 })
    expect(batch.costNanoUsd).toBe(21 * 500)
    const { output, errors } = await bundle.filesOf(batch)
    expect(output.map(({ custom_id }) => custom_id).toSorted()).toEqual(names(20).toSorted())
    expect(output[0]!.response).toMatchObject({ status_code: 200, body: { choices: expect.anything() } })
    const statuses = errors.map(({ custom_id, response }) => [
      custom_id,
      response?.status_code,
      response?.body.error?.param,
    ])
    expect(statuses.toSorted()).toEqual([
      ['bad', 400, 'temperature'],
      ['fail-1', 502, null],
      ['shared', 400, 'switchyard.cache'],
      ['streamed', 400, 'stream'],
      ['unknown', 404, 'model'],
    ])
    expect(bundle.ended.map(({ spec }) => spec.id)).toEqual([spec.id])
    // Of a line's job there is left that it has been.
    const { record } = jobKeys(jobIdOfLine(spec.id, 0, 1))
    expect(await bundle.redis.hkeys(record)).toEqual(['status', 'attempts', 'delivery', 'fence'])
    expect(await bundle.redis.pttl(record)).toBeGreaterThan(0)
  })

  it('refuses an input with mistakes, and one that is gone', async () => {
    const wrong = await bundle.submit([line('a'), '{', line('a')])
    const gone = await bundle.submit([line('a')])
    await bundle.blobs.delete(gone.inputBlob)
    await bundle.feedToEnd(bundle.newFeeder(), wrong.id, gone.id)
    const [first, second] = [await bundle.batch(wrong.id), await bundle.batch(gone.id)]
    expect(first).toMatchObject({ status: 'failed', total: 0, errors: [{ line: 2 }, { line: 3 }] })
    expect(second).toMatchObject({ status: 'failed', errors: [{ code: 'file_not_found' }] })
  })

  it('goes on where a feeder and a worker died', async () => {
    const spec = await bundle.submit(names(10).map((name) => line(name)))
    const dead = bundle.newFeeder()
    await bundle.feedUntil(dead, async () => (await bundle.batch(spec.id)).running > 0)
    // Taken, and never made.
    const unmade = jobIdOfLine(spec.id, 3, 1)
    await bundle.redis.del(jobKeys(unmade).record)
    const next = bundle.newFeeder()
    // Its delivery is in the lane already, and would be dropped by whoever finds no job for it.
    await bundle.feedUntil(next, async () => (await readJob(bundle.broker.jobs, unmade)) !== null)
    work({ tells: false })
    await bundle.feedToEnd(next, spec.id)
    expect(await bundle.batch(spec.id)).toMatchObject({ status: 'completed', done: 10, failed: 0 })
    expect(bundle.calls.toSorted()).toEqual(names(10).toSorted())
  })

  it('never makes a line a second time that has ended', async () => {
    const spec = await bundle.submit([line('once')])
    work()
    const feeder = bundle.newFeeder()
    await bundle.feedToEnd(feeder, spec.id)
    // A feeder of the past that still thinks that the line is to be made.
    await bundle.redis.zadd(batchKeys(spec.id).window, 1, '0.1')
    await bundle.redis.hset(batchKeys(spec.id).record, 'status', 'in_progress')
    expect(await reconcileWindow(bundle.broker, spec)).toMatchObject({ missing: [{ line: 0 }] })
    const depth = await bundle.broker.producer.depth(`${bundle.lanes[0]}.batch`)
    expect([bundle.calls, depth.waiting]).toEqual([['once'], 0])
  })

  it('keeps what has finished when it is cancelled', async () => {
    const hold = Promise.withResolvers<void>()
    const spec = await bundle.submit([line('done', { model: 'm-first' }), ...names(100).map((name) => line(name))])
    const feeder = bundle.newFeeder()
    const quick = bundle.work(`${bundle.lanes[0]}.batch`, { concurrency: 1 })
    await bundle.feedUntil(feeder, async () => (await bundle.batch(spec.id)).done > 0)
    await quick.stop()
    const { done } = await bundle.batch(spec.id)
    work({ concurrency: 4, hold: hold.promise })
    await bundle.feedUntil(feeder, () => bundle.calls.length === done + 4)
    await cancelBatch(bundle.redis, spec.id)
    await bundle.feedToEnd(feeder, spec.id)
    hold.resolve()
    const batch = await bundle.batch(spec.id)
    expect(batch).toMatchObject({ status: 'cancelled', done, running: 0 })
    const { output, errors } = await bundle.filesOf(batch)
    expect(output).toHaveLength(done)
    expect(errors).toHaveLength(101 - done)
    expect(new Set(errors.map(({ error }) => error?.code))).toEqual(new Set(['batch_cancelled']))
  })

  it('gives up what is not finished when its time is over', async () => {
    const spec = await bundle.submit(names(80).map((name) => line(name)))
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(feeder, async () => (await bundle.batch(spec.id)).running > 0)
    await bundle.redis.hset(batchKeys(spec.id).record, 'expires', 1)
    await bundle.feedToEnd(feeder, spec.id)
    const batch = await bundle.batch(spec.id)
    expect(batch).toMatchObject({ status: 'expired', done: 0, outputFileId: null })
    const { errors } = await bundle.filesOf(batch)
    expect(errors.map(({ custom_id }) => custom_id).toSorted()).toEqual(names(80).toSorted())
    expect(errors[0]!.error).toMatchObject({ code: 'batch_expired' })
  })

  it('runs failed lines again when it is asked to', async () => {
    const spec = await bundle.submit([line('a'), line('fail-1'), line('fail-2')])
    const feeder = bundle.newFeeder()
    work()
    await bundle.feedToEnd(feeder, spec.id)
    expect((await retryFailed(bundle.redis, spec)).lines).toBe(2)
    await bundle.feedToEnd(feeder, spec.id)
    const batch = await bundle.batch(spec.id)
    expect(batch).toMatchObject({ status: 'completed', done: 3, failed: 2, try: 2, rows: 5 })
    expect(bundle.calls.toSorted()).toEqual(['a', 'fail-1', 'fail-1', 'fail-2', 'fail-2'])
    const { output, errors } = await bundle.filesOf(batch)
    expect([...output, ...errors].map(({ custom_id }) => custom_id)).toHaveLength(3)
    expect(bundle.ended).toHaveLength(2)
  })

  it('counts a line that somebody cancelled by itself as failed', async () => {
    const spec = await bundle.submit([line('a'), line('b')])
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(feeder, async () => (await bundle.batch(spec.id)).running === 2)
    await cancel(bundle.broker, jobIdOfLine(spec.id, 0, 1))
    work()
    await bundle.feedToEnd(feeder, spec.id)
    const { errors } = await bundle.filesOf(await bundle.batch(spec.id))
    expect(errors).toMatchObject([{ custom_id: 'a', response: { status_code: 499 } }])
  })

  it('takes no line while it is paused', async () => {
    const spec = await bundle.submit([line('a')])
    await pauseBatch(bundle.redis, spec.id, true)
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(feeder, async () => (await bundle.batch(spec.id)).status === 'in_progress')
    for (let i = 0; i < 5; i++) await feeder.round(new AbortController().signal)
    expect((await bundle.batch(spec.id)).running).toBe(0)
    await pauseBatch(bundle.redis, spec.id, false)
    work()
    await bundle.feedToEnd(feeder, spec.id)
    expect(bundle.calls).toEqual(['a'])
  })

  it('holds a window of jobs, whatever the batch has, and lets small ones pass a huge one', async () => {
    const lines = (count: number, prefix: string) =>
      names(count, prefix).map((name) => line(name, { model: 'm-first' }))
    const huge = await bundle.submit(lines(1_500, 'huge-'))
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(feeder, async () => (await bundle.batch(huge.id)).running >= 64)
    const small = await Promise.all(
      names(10, 's').map((prefix) => bundle.submit(lines(5, prefix), { project: `${huge.project}-${prefix}` })),
    )
    work({ concurrency: 2 })
    let most = 0
    const smallIds = small.map(({ id }) => id)
    await bundle.feedUntil(feeder, async () => {
      const records = await Promise.all([huge.id, ...smallIds].map((id) => bundle.batch(id)))
      most = Math.max(most, ...records.map(({ running }) => running))
      return records.slice(1).every(({ status }) => status === 'completed')
    })
    const { done } = await bundle.batch(huge.id)
    expect(most).toBeLessThanOrEqual(400)
    // 50 lines of the small ones, as many of the huge one beside them, and what waited before them.
    expect(done).toBeLessThan(600)
    await cancelBatch(bundle.redis, huge.id)
    await bundle.feedToEnd(feeder, huge.id, ...smallIds)
  })

  it('moves what waits to interactive lanes and other hops when time runs out', async () => {
    const spec = await bundle.submit(names(10).map((name) => line(name)))
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(feeder, async () => (await bundle.batch(spec.id)).running === 10)
    const { record } = batchKeys(spec.id)
    const nowMs = Date.now()
    await bundle.redis.hset(record, 'in_progress_at', nowMs - 9_700_000, 'expires', nowMs + 300_000)
    await bundle.feedUntil(feeder, async () => {
      const depths = await Promise.all(bundle.lanes.map((lane) => bundle.broker.producer.depth(lane)))
      return depths.every(({ waiting }) => waiting === 5)
    })
    for (const lane of bundle.lanes) work({}, lane)
    await bundle.feedToEnd(feeder, spec.id)
    expect(await bundle.batch(spec.id)).toMatchObject({ status: 'completed', done: 10, failed: 0 })
    expect(bundle.calls).toHaveLength(10)
  })

  it('puts what waits before everything else when its time gets short', async () => {
    const spec = await bundle.submit([line('waits')])
    const other = await bundle.submit([line('was first')])
    const feeder = bundle.newFeeder()
    await bundle.feedUntil(
      feeder,
      async () => (await bundle.batch(spec.id)).running + (await bundle.batch(other.id)).running === 2,
    )
    const nowMs = Date.now()
    await bundle.redis.hset(batchKeys(spec.id).record, 'in_progress_at', nowMs - 9_200_000, 'expires', nowMs + 800_000)
    const lane = `${bundle.lanes[0]}.batch`
    const place = () => bundle.broker.producer.position(lane, { jobId: jobIdOfLine(spec.id, 0, 1), delivery: 2 })
    await bundle.feedUntil(feeder, async () => (await place()) === 0)
    work()
    await bundle.feedToEnd(feeder, spec.id, other.id)
  })

  it('gives live rows in the order in which lines finished', async () => {
    const spec = await bundle.submit(names(30).map((name) => line(name)))
    const feeder = bundle.newFeeder()
    work({ concurrency: 3 })
    await bundle.feedToEnd(feeder, spec.id)
    const rows: number[] = []
    for await (const row of readRows(bundle.broker.jobs, spec, 10)) rows.push(row.n)
    expect(rows).toEqual(Array.from({ length: 20 }, (_, i) => i + 11))
    const [late] = await takeLines(bundle.redis, [{ batchId: spec.id, lines: 1 }], 10)
    expect(late).toEqual([])
  })
})
