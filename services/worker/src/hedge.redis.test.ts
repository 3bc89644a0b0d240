import { ledgerDay, readLedger } from '@switchyard/accounts/ledger'
import { cancel } from '@switchyard/broker/cancel'
import type { JobSpec } from '@switchyard/contract/job'
import { startCallRecorder } from '@switchyard/health/call-recorder'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { narrow } from '@switchyard/limits/learn'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type StartedWorker, type WorkerBundle } from './testing/worker-bundle.ts'

/** The servers beside each other, the tests of each one after the other. */
const ONE_BY_ONE = { concurrent: false }
const NEVER_MS = 60_000
/** So many first calls earn one hedge. */
const CALLS_PER_HEDGE = 20

describe.concurrent.each(OWN_SERVERS)('on %s', (_name, url) => {
  describe('a hedged model', ONE_BY_ONE, () => {
    let simulator: SimulatorProcess
    let bundle: WorkerBundle
    let worker: StartedWorker
    beforeAll(async () => {
      simulator = await startSimulatorProcess()
    })
    afterAll(() => simulator.stop())
    beforeEach(async () => {
      bundle = await openWorkerBundle(url, simulator)
      // What the fleet has seen of the first deployment until now: a first token within 100 ms.
      const recorder = startCallRecorder({ redis: bundle.redis, onError: () => {} })
      const { name } = bundle.first
      for (let i = 0; i < 40; i++) {
        recorder.record({ deployment: name, provider: 'p', ok: true, ttftMs: 100, tokens: 100, tokensMs: 100 })
      }
      await recorder.stop()
      worker = await bundle.start({ drainMs: 100 })
    })
    afterEach(() => bundle.close())

    function hedged(over: Partial<JobSpec> = {}): JobSpec {
      return bundle.spec({ stream: true, hedge: true, ...over })
    }

    /** First calls of jobs that may not be hedged themselves, for a hedge to come. */
    async function earn(): Promise<void> {
      await simulator.model(bundle.first.model, { firstTokenMs: 1, chunkDelayMs: 0 })
      const spec = () => hedged({ stream: false, maxCostNanoUsd: 1_000_000_000 })
      const specs = await Promise.all(Array.from({ length: CALLS_PER_HEDGE }, () => bundle.submit(spec(), 1)))
      for (const { id } of specs) expect((await bundle.ended(id)).attempts).toHaveLength(1)
    }

    async function firstTokens(first: number, second: number): Promise<void> {
      await simulator.model(bundle.first.model, { firstTokenMs: first, chunkDelayMs: 1 })
      await simulator.model(bundle.second.model, { firstTokenMs: second, chunkDelayMs: 1 })
    }

    /** Both of its calls are made, and neither has said anything. */
    async function untilRacing({ id }: JobSpec): Promise<void> {
      await eventually(async () =>
        expect(await simulator.callsOf(id)).toMatchObject([{ ended: 'in_flight' }, { ended: 'in_flight' }]),
      )
    }

    /** Nothing is held at either deployment, and every attempt is paid. */
    async function expectAtRest({ id, project }: JobSpec): Promise<void> {
      for (const deployment of [bundle.first, bundle.second]) {
        await eventually(async () => expect(await bundle.limiter(deployment)).toMatchObject({ inFlight: 0, booked: 0 }))
      }
      const { attempts } = await bundle.read(id)
      await eventually(async () => {
        const paid = []
        for await (const row of readLedger(bundle.redis, project, ledgerDay(Date.now()))) {
          if ('attempt' in row && row.jobId === id) paid.push(row.attempt)
        }
        expect(paid.toSorted((a, b) => a.number - b.number)).toEqual(attempts)
      })
    }

    it('asks the next deployment when the first token is late, and goes on with it alone', async () => {
      await earn()
      await firstTokens(NEVER_MS, 1)
      const spec = await bundle.submit(hedged(), 30)
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', hop: 0, delivery: 1 })
      const { inputTokens } = spec.estimate
      expect(record.attempts).toMatchObject([
        // It was working on the prompt when it was left.
        {
          deployment: bundle.first.name,
          status: 'cancelled',
          errorClass: null,
          usageSource: 'estimate',
          costNanoUsd: inputTokens * 1_000,
        },
        { deployment: bundle.second.name, status: 'completed', hop: 1, hedge: true, usageSource: 'provider' },
      ])
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      expect(entries.map(({ seq }) => seq)).toEqual([...entries.keys()])
      const lines = entries.slice(0, -1).map(({ data }) => JSON.parse(data))
      expect(new Set(lines.map(({ model }) => model))).toEqual(new Set([bundle.second.model]))
      expect(new Set(lines.map(({ id }) => id)).size).toBe(1)
      expect(entries.at(-1)).toMatchObject({ data: '[DONE]', terminal: 'completed' })
      const { body } = await readResult(bundle.broker.jobs, record)
      expect(JSON.parse(String(body)).usage.completion_tokens).toBe(record.attempts[1]!.usage!.outputTokens)
      await eventually(async () =>
        expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }, { ended: 'complete' }]),
      )
      await expectAtRest(spec)
    })

    it('stops both when the job is cancelled, and books them', async () => {
      await earn()
      await firstTokens(NEVER_MS, NEVER_MS)
      const spec = await bundle.submit(hedged(), 5)
      await untilRacing(spec)
      await cancel(bundle.broker, spec.id)
      await eventually(async () =>
        expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }, { ended: 'client_gone' }]),
      )
      const record = await bundle.until(spec.id, ({ attempts }) =>
        attempts.every(({ status }) => status !== 'in_progress'),
      )
      expect(record).toMatchObject({
        status: 'cancelled',
        attempts: [{ status: 'cancelled' }, { status: 'cancelled' }],
      })
      await expectAtRest(spec)
    })

    it('hands the job back with both attempts closed when its worker has to go', async () => {
      await earn()
      await firstTokens(NEVER_MS, NEVER_MS)
      const spec = await bundle.submit(hedged(), 5)
      await untilRacing(spec)
      await firstTokens(1, 1)
      const heir = await bundle.start()
      await worker.stop()
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', crashes: 0 })
      expect(record.attempts).toMatchObject([
        { status: 'released', errorClass: null },
        { status: 'released', errorClass: null, hedge: true },
        { status: 'completed' },
      ])
      expect(heir.owner).not.toBe(worker.owner)
      await expectAtRest(spec)
    })

    // What is left is decided in the process, on whatever server.
    if (url !== OWN_SERVERS[0]![1]) return

    it('goes on with the first when that is faster after all', async () => {
      await earn()
      await firstTokens(1_500, NEVER_MS)
      const spec = await bundle.submit(hedged(), 30)
      const record = await bundle.ended(spec.id)
      expect(record.attempts).toMatchObject([
        { status: 'completed', usageSource: 'provider' },
        { status: 'cancelled', errorClass: null, hedge: true, usageSource: 'estimate' },
      ])
      const { body } = await readResult(bundle.broker.jobs, record)
      expect(JSON.parse(String(body))).toMatchObject({
        model: bundle.first.model,
        usage: { completion_tokens: record.attempts[0]!.usage!.outputTokens },
      })
      await expectAtRest(spec)
    })

    it('shows one of two that begin to speak at about the same moment', async () => {
      await earn()
      await firstTokens(250, 130)
      const spec = await bundle.submit(hedged(), 60)
      const record = await bundle.ended(spec.id)
      const answered = record.attempts.filter(({ status }) => status === 'completed')
      expect(answered).toHaveLength(1)
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      const lines = entries.slice(0, -1).map(({ data }) => JSON.parse(data))
      expect(new Set(lines.map(({ model }) => model))).toEqual(new Set([answered[0]!.model]))
      expect(entries.filter(({ data }) => /"content":"[^"]/.test(data))).toHaveLength(60)
      await expectAtRest(spec)
    })

    it('answers whoever waits for all of it with what is whole first', async () => {
      await earn()
      await firstTokens(NEVER_MS, 1)
      const spec = await bundle.submit(hedged({ stream: false }), 3)
      const record = await bundle.ended(spec.id)
      expect(record.attempts).toMatchObject([
        { status: 'cancelled', usage: { outputTokens: spec.estimate.outputTokens } },
        { status: 'completed', hedge: true },
      ])
      const { body } = await readResult(bundle.broker.jobs, record)
      expect(JSON.parse(String(body)).model).toBe(bundle.second.model)
      await expectAtRest(spec)
    })

    it('speaks one sequence of events where the client asked for a response', async () => {
      await earn()
      await firstTokens(NEVER_MS, 1)
      const response = { store: false, background: false, previousResponseId: null }
      const spec = hedged({ dialect: 'openai-responses', endpoint: '/v1/responses', response })
      await bundle.submit(spec, 0, { input: 'length: 10 chunks' })
      const record = await bundle.ended(spec.id)
      expect(record.attempts.map(({ status }) => status)).toEqual(['cancelled', 'completed'])
      const events = (await readEvents(bundle.broker.jobs, record, -1)).map(({ data }) => JSON.parse(data))
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
      expect(events.filter(({ type }) => type === 'response.created')).toHaveLength(1)
      expect(events.at(-1).type).toBe('response.completed')
    })

    it('hedges one call in twenty at most', async () => {
      await firstTokens(1_000, 1)
      const specs = await Promise.all(Array.from({ length: 2 * CALLS_PER_HEDGE }, () => bundle.submit(hedged(), 2)))
      let hedges = 0
      for (const { id } of specs) hedges += (await bundle.ended(id)).attempts.length - 1
      // That there are some is what the others show.
      expect(hedges).toBeLessThanOrEqual(2)
    })

    it.each([
      ['the model is not hedged', { hedge: undefined }],
      ['the job may not pay twice', { maxCostNanoUsd: 1_000_000_000 }],
    ])('asks nobody else where %s', async (_why, over) => {
      await earn()
      await firstTokens(400, 1)
      const spec = await bundle.submit(hedged(over as Partial<JobSpec>), 2)
      expect((await bundle.ended(spec.id)).attempts).toMatchObject([{ deployment: bundle.first.name }])
    })

    it('asks nobody else where that has no capacity, and keeps the hedge for another', async () => {
      await earn()
      await firstTokens(400, 1)
      await narrow(bundle.redis, bundle.second.name, bundle.second.limits, { retryAfterMs: 2_500 })
      const spec = await bundle.submit(hedged(), 2)
      expect((await bundle.ended(spec.id)).attempts).toMatchObject([{ status: 'completed' }])
      await expectAtRest(spec)
      await eventually(async () =>
        expect((await bundle.limiter(bundle.second)).limitedUntilMs ?? 0).toBeLessThan(Date.now()),
      )
      await firstTokens(NEVER_MS, 1)
      const other = await bundle.submit(hedged(), 2)
      expect((await bundle.ended(other.id)).attempts).toMatchObject([{ status: 'cancelled' }, { hedge: true }])
    })

    it('goes on alone when the hedge fails', async () => {
      await earn()
      await firstTokens(1_500, 1)
      await simulator.fault({ kind: 'status', model: bundle.second.model, status: 500 })
      const spec = await bundle.submit(hedged(), 5)
      expect((await bundle.ended(spec.id)).attempts).toMatchObject([
        { status: 'completed' },
        { status: 'failed', errorClass: 'server', hedge: true, costNanoUsd: 0 },
      ])
      await expectAtRest(spec)
    })

    it('goes on with the hedge when the first fails', async () => {
      await earn()
      await firstTokens(1_500, 3_000)
      await simulator.fault({ kind: 'error_event', model: bundle.first.model, afterChunks: 0, times: 1 })
      const spec = await bundle.submit(hedged(), 5)
      expect(await bundle.ended(spec.id)).toMatchObject({
        status: 'completed',
        attempts: [{ status: 'failed' }, { status: 'completed', hedge: true }],
      })
      await expectAtRest(spec)
    })

    it('tries again as ever when both fail', async () => {
      await earn()
      await firstTokens(1_500, 3_000)
      for (const { model } of [bundle.first, bundle.second]) {
        await simulator.fault({ kind: 'error_event', model, afterChunks: 0, times: 1 })
      }
      const spec = await bundle.submit(hedged(), 5)
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', hop: 1, delivery: 2 })
      expect(record.attempts.map(({ deployment, status }) => [deployment, status])).toEqual([
        [bundle.first.name, 'failed'],
        [bundle.second.name, 'failed'],
        [bundle.second.name, 'completed'],
      ])
      await expectAtRest(spec)
    })

    it('ends with the caller’s own error, whoever else is being asked', async () => {
      await earn()
      await firstTokens(1, NEVER_MS)
      await simulator.fault({ kind: 'status', model: bundle.first.model, status: 400, delayMs: 1_500 })
      const spec = await bundle.submit(hedged(), 5)
      expect(await bundle.ended(spec.id)).toMatchObject({
        status: 'failed',
        attempts: [{ status: 'failed' }, { status: 'cancelled', errorClass: null, hedge: true }],
      })
      await expectAtRest(spec)
    })
  })
})
