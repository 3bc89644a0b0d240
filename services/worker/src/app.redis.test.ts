import { ledgerDay, readLedger } from '@switchyard/accounts/ledger'
import { cancel } from '@switchyard/broker/cancel'
import { shareOf } from '@switchyard/broker/share-of'
import type { LedgerRow } from '@switchyard/contract/effects'
import type { JobSpec } from '@switchyard/contract/job'
import { advanceJob } from '@switchyard/jobs/advance-job'
import { createJob } from '@switchyard/jobs/create-job'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import {
  openWorkerBundle,
  type StartedWorker,
  type TestDeployment,
  type WorkerBundle,
} from './testing/worker-bundle.ts'

/** The servers beside each other, the tests of each one after the other. */
const ONE_BY_ONE = { concurrent: false }

describe.concurrent.each(OWN_SERVERS)('a worker on %s', (_name, url) => {
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  let worker: StartedWorker
  beforeAll(async () => {
    simulator = await startSimulatorProcess()
  })
  afterAll(() => simulator.stop())

  async function open(limits?: TestDeployment['limits']): Promise<void> {
    bundle = await openWorkerBundle(url, simulator, limits)
    worker = await bundle.start()
  }
  afterEach(() => bundle.close())

  async function ledgerOf({ id, project }: JobSpec): Promise<LedgerRow[]> {
    const rows: LedgerRow[] = []
    for await (const row of readLedger(bundle.redis, project, ledgerDay(Date.now())))
      if ('attempt' in row) rows.push(row)
    return rows.filter(({ jobId }) => jobId === id).toSorted((a, b) => a.attempt.number - b.attempt.number)
  }

  /** Nothing is held or booked at either deployment, and every attempt stands in the ledger. */
  async function expectAtRest(spec: JobSpec): Promise<void> {
    for (const deployment of [bundle.first, bundle.second]) {
      await eventually(async () => expect(await bundle.limiter(deployment)).toMatchObject({ inFlight: 0, booked: 0 }))
    }
    const { attempts } = await bundle.read(spec.id)
    await eventually(async () => expect((await ledgerOf(spec)).map(({ attempt }) => attempt)).toEqual(attempts))
  }

  async function codeOf(jobId: string): Promise<[status: number, code: string | null]> {
    const { status, body } = await readResult(bundle.broker.jobs, await bundle.read(jobId))
    return [status, JSON.parse(String(body)).error.code]
  }

  it("gives a batch's line that was moved to an interactive lane all of the limits", ONE_BY_ONE, async () => {
    await open({ rpd: 5 })
    // A batch lane's own lines would leave one request of the day to others, and the fifth run out of time.
    const over = { tier: 'batch', onDisconnect: 'continue', deadlineMs: Date.now() + 11_000 } as const
    const specs = Array.from({ length: 5 }, () => bundle.spec(over, [bundle.first]))
    const body = { model: 'm', messages: [{ role: 'user', content: 'Say something.' }] }
    for (const spec of specs) {
      await createJob(bundle.broker.jobs, { spec, body: Buffer.from(JSON.stringify(body)), reader: null })
      await bundle.broker.producer.add(bundle.first.lane, { jobId: spec.id, delivery: 1 }, 'next')
    }
    const records = await Promise.all(specs.map(({ id }) => bundle.ended(id)))
    expect(records.map(({ status }) => status)).toEqual(specs.map(() => 'completed'))
  })

  it(
    "keeps a batch's line that was moved to an interactive lane in such lanes when it falls back",
    ONE_BY_ONE,
    async () => {
      await open()
      await simulator.fault({ kind: 'status', model: bundle.first.model, status: 500 })
      const hops = [bundle.first, bundle.second].map((one) => ({ ...one, lane: `${one.lane}.batch` }))
      const spec = bundle.spec({ tier: 'batch', onDisconnect: 'continue' }, hops)
      const body = { model: 'm', messages: [{ role: 'user', content: 'Say something.' }] }
      await createJob(bundle.broker.jobs, { spec, body: Buffer.from(JSON.stringify(body)), reader: null })
      const { lane } = bundle.first
      await advanceJob(bundle.broker.jobs, spec.id, { lane, hop: 0, delivery: 1, fence: null })
      await bundle.broker.producer.add(lane, { jobId: spec.id, delivery: 2 }, 'next')
      expect(await bundle.ended(spec.id)).toMatchObject({ status: 'completed', hop: 1, lane: bundle.second.lane })
    },
  )

  describe('with room at its deployments', ONE_BY_ONE, () => {
    beforeEach(() => open())

    it('runs a job, gives back what the provider said, and books what it cost', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec())
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({
        status: 'completed',
        hop: 0,
        crashes: 0,
        failure: null,
        attempts: [
          {
            number: 1,
            deployment: bundle.first.name,
            model: bundle.first.model,
            simulated: true,
            status: 'completed',
            httpStatus: 200,
            errorClass: null,
            usageSource: 'provider',
          },
        ],
      })
      const calls = await simulator.callsOf(spec.id)
      expect(calls).toMatchObject([
        { clientRequestId: `${spec.id}.1`, model: bundle.first.model, status: 200, ended: 'complete' },
      ])
      const [{ usage, costNanoUsd }] = record.attempts as [NonNullable<(typeof record.attempts)[0]>]
      expect(usage).toMatchObject({ inputTokens: calls[0]!.promptTokens, outputTokens: calls[0]!.completionTokens })
      expect(costNanoUsd).toBe(usage!.inputTokens * 1_000 + usage!.outputTokens * 10_000)
      const { status, body } = await readResult(bundle.broker.jobs, record)
      expect([status, JSON.parse(String(body)).usage.total_tokens]).toEqual([
        200,
        usage!.inputTokens + usage!.outputTokens,
      ])
      await expectAtRest(spec)
    })

    it('runs a stream into its log, without a gap and with one end', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec({ stream: true }), 30)
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', attempts: [{ ttftMs: expect.any(Number) }] })
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      expect(entries.map(({ seq }) => seq)).toEqual([...entries.keys()])
      expect(entries.filter(({ terminal }) => terminal)).toEqual([entries.at(-1)])
      expect(entries.at(-1)).toMatchObject({ data: '[DONE]', terminal: 'completed' })
      expect(entries.length).toBeGreaterThan(30)
      await expectAtRest(spec)
    })

    it('runs many at once, each with its own answer', ONE_BY_ONE, async () => {
      const specs = await Promise.all(
        Array.from({ length: 20 }, (_, i) => bundle.submit(bundle.spec({ stream: true }), i + 1)),
      )
      for (const [i, spec] of specs.entries()) {
        const record = await bundle.ended(spec.id)
        const entries = await readEvents(bundle.broker.jobs, record, -1)
        const content = entries.filter(({ data }) => /"content":"[^"]/.test(data))
        expect([record.status, content.length]).toEqual(['completed', i + 1])
      }
      await expectAtRest(specs[0]!)
    })

    it('gives a refusal of the request back as it is, and tries nobody else', ONE_BY_ONE, async () => {
      await simulator.fault({ kind: 'status', model: bundle.first.model, status: 400 })
      const spec = await bundle.submit(bundle.spec())
      expect(await bundle.ended(spec.id)).toMatchObject({
        status: 'failed',
        attempts: [{ status: 'failed', errorClass: 'invalid_request', httpStatus: 400, costNanoUsd: 0 }],
      })
      expect((await codeOf(spec.id))[0]).toBe(400)
      expect(await simulator.callsOf(spec.id)).toHaveLength(1)
      await expectAtRest(spec)
    })

    it(
      'falls back when a deployment keeps failing, and leaves no trace of what failed in the stream',
      ONE_BY_ONE,
      async () => {
        await simulator.fault({ kind: 'status', model: bundle.first.model, status: 500 })
        const spec = await bundle.submit(bundle.spec({ stream: true }))
        const record = await bundle.ended(spec.id)
        expect(record).toMatchObject({ status: 'completed', hop: 1, lane: bundle.second.lane, delivery: 2, crashes: 0 })
        expect(record.attempts.map(({ deployment, status, httpStatus }) => [deployment, status, httpStatus])).toEqual([
          [bundle.first.name, 'failed', 500],
          [bundle.first.name, 'failed', 500],
          [bundle.second.name, 'completed', 200],
        ])
        const entries = await readEvents(bundle.broker.jobs, record, -1)
        expect(entries.map(({ seq }) => seq)).toEqual([...entries.keys()])
        const calls = await simulator.callsOf(spec.id)
        expect(calls.map(({ clientRequestId }) => clientRequestId)).toEqual([1, 2, 3].map((n) => `${spec.id}.${n}`))
        await expectAtRest(spec)
      },
    )

    it('rests a deployment for as long as it asks, and goes elsewhere', ONE_BY_ONE, async () => {
      await simulator.fault({ kind: 'status', model: bundle.first.model, status: 429, retryAfter: 30, times: 1 })
      const spec = await bundle.submit(bundle.spec())
      expect(await bundle.ended(spec.id)).toMatchObject({
        status: 'completed',
        attempts: [{ errorClass: 'rate_limited' }, { deployment: bundle.second.name }],
      })
      await eventually(async () =>
        expect((await bundle.limiter(bundle.first)).limitedUntilMs ?? 0).toBeGreaterThan(Date.now() + 20_000),
      )
      await expectAtRest(spec)
      // The next one does not ask it at all.
      const next = await bundle.submit(bundle.spec())
      expect(await bundle.ended(next.id)).toMatchObject({
        status: 'completed',
        attempts: [{ deployment: bundle.second.name }],
      })
      await expectAtRest(next)
    })

    it.each([true, false])(
      'stops a running call as soon as its job is cancelled, and books it (stream: %s)',
      async (stream) => {
        await simulator.model(bundle.first.model, { firstTokenMs: 60_000 })
        const spec = await bundle.submit(bundle.spec({ stream }))
        await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'in_flight' }]))
        const since = performance.now()
        expect(await cancel(bundle.broker, spec.id)).toMatchObject({ status: 'cancelled' })
        await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }]))
        expect(performance.now() - since).toBeLessThan(1_000)
        const record = await bundle.until(spec.id, ({ attempts }) => attempts[0]?.status !== 'in_progress')
        expect(record).toMatchObject({
          status: 'cancelled',
          attempts: [{ status: 'cancelled', errorClass: 'cancelled', durationMs: expect.any(Number) }],
        })
        expect(await codeOf(spec.id)).toEqual([499, 'job_cancelled'])
        await expectAtRest(spec)
      },
    )

    it('books what a cancelled stream had shown at an estimate', ONE_BY_ONE, async () => {
      await simulator.fault({ kind: 'stall', model: bundle.first.model, afterChunks: 10 })
      const spec = await bundle.submit(bundle.spec({ stream: true }), 100)
      await eventually(async () => expect(await bundle.logged(spec.id)).toBeGreaterThan(10))
      await cancel(bundle.broker, spec.id)
      const record = await bundle.until(spec.id, ({ attempts }) => attempts[0]?.status === 'cancelled')
      expect(record.attempts[0]).toMatchObject({ usageSource: 'estimate', ttftMs: expect.any(Number) })
      expect(record.attempts[0]!.costNanoUsd).toBeGreaterThan(spec.estimate.inputTokens * 1_000)
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      expect(entries.at(-1)).toMatchObject({ event: 'error', terminal: 'cancelled' })
      await expectAtRest(spec)
    })

    it('stops a running call at the deadline of its job', ONE_BY_ONE, async () => {
      await simulator.fault({ kind: 'no_response', model: bundle.first.model })
      const spec = await bundle.submit(bundle.spec({ deadlineMs: Date.now() + 1_000 }))
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'expired', attempts: [{ status: 'failed', errorClass: 'deadline' }] })
      expect(record.completedAtMs! - spec.deadlineMs!).toBeLessThan(500)
      expect(record.completedAtMs!).toBeGreaterThanOrEqual(spec.deadlineMs! - 50)
      expect(await codeOf(spec.id)).toEqual([504, 'deadline_exceeded'])
      await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }]))
      await expectAtRest(spec)
    })

    it('does not call anybody for a job whose deadline has passed', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec({ deadlineMs: Date.now() - 1 }))
      expect(await bundle.ended(spec.id)).toMatchObject({ status: 'expired', attempts: [] })
      expect(await simulator.callsOf(spec.id)).toEqual([])
      await expectAtRest(spec)
    })

    it.each([true, false])('ends a job whose request is gone, and calls nobody (first choice: %s)', async (chosen) => {
      const spec = bundle.spec()
      const first = { deployment: bundle.first.name, ...spec.estimate, drop: [] }
      const body = Buffer.from(JSON.stringify({ model: spec.model, messages: ['x'.repeat(70_000)] }))
      await createJob(bundle.broker.jobs, { spec, body, reader: null })
      await bundle.broker.jobs.blobs.deleteBelow(`${spec.project}/${spec.id}`)
      await bundle.broker.producer.add(
        bundle.first.lane,
        { jobId: spec.id, delivery: 1, ...(chosen && { first }) },
        'next',
      )
      expect(await bundle.ended(spec.id)).toMatchObject({ status: 'failed', crashes: 0, attempts: [] })
      expect(await codeOf(spec.id)).toEqual([500, 'internal_error'])
      expect(await simulator.callsOf(spec.id)).toEqual([])
      await expectAtRest(spec)
    })

    it.each([true, false])(
      'begins with the claim where the message says what, and else after it (%s)',
      async (chosen) => {
        const spec = bundle.spec()
        const body = Buffer.from(JSON.stringify({ model: spec.model, messages: [{ role: 'user', content: 'hello' }] }))
        await createJob(bundle.broker.jobs, { spec, body, reader: null })
        const first = { deployment: bundle.first.name, ...spec.estimate, drop: [] }
        await bundle.broker.producer.add(
          bundle.first.lane,
          { jobId: spec.id, delivery: 1, ...(chosen && { first }) },
          'next',
        )
        const record = await bundle.ended(spec.id)
        expect(record).toMatchObject({ attempts: [{ number: 1, fence: 1, status: 'completed' }] })
        // Its attempt was written before it was claimed, or after that. Redis and the worker go by one clock here.
        const aheadMs = record.startedAtMs! - record.attempts[0]!.startedAtMs
        expect(chosen ? aheadMs : -aheadMs).toBeGreaterThanOrEqual(0)
        await expectAtRest(spec)
      },
    )

    it('leaves the capacity of a running call alone when its message comes twice', ONE_BY_ONE, async () => {
      await simulator.model(bundle.first.model, { firstTokenMs: 800 })
      const spec = await bundle.submit(bundle.spec())
      const first = { deployment: bundle.first.name, ...spec.estimate, drop: [] }
      // It has begun, and that is shown although its call is not over.
      await bundle.until(spec.id, ({ attempts }) => attempts[0]?.status === 'in_progress')
      await bundle.broker.producer.add(bundle.second.lane, { jobId: spec.id, delivery: 1, first }, 'next')
      await eventually(async () =>
        expect(await bundle.broker.producer.depth(bundle.second.lane)).toMatchObject({ delayed: 1, active: 0 }),
      )
      expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 1 })
      expect(await bundle.ended(spec.id)).toMatchObject({ status: 'completed', fence: 2, attempts: [{ number: 1 }] })
      await bundle.broker.producer.remove(bundle.second.lane, { jobId: spec.id, delivery: 1 }, shareOf(spec))
      await expectAtRest(spec)
    })

    it('logs one line for each attempt, with nothing of what was said', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec())
      await bundle.ended(spec.id)
      const lines = worker.logged.filter((line) => line.includes(spec.id))
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { job: spec.id, lane: bundle.first.lane, attempt: 1, deployment: bundle.first.name, status: 'completed' },
      ])
      expect(worker.logged.join()).not.toContain('chunks')
    })
  })

  describe('whose first deployment takes one request a minute', ONE_BY_ONE, () => {
    beforeEach(async () => {
      await open({ rpm: 1, inFlight: 8 })
      const spec = await bundle.submit(bundle.spec())
      expect(await bundle.ended(spec.id)).toMatchObject({ attempts: [{ deployment: bundle.first.name }] })
    })

    it('goes elsewhere with the second, and gives back the slot that was booked for it', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec())
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', hop: 1 })
      expect(record.attempts).toMatchObject([{ number: 1, deployment: bundle.second.name }])
      await expectAtRest(spec)
    })

    it('ends a job that can not wait so long, and gives back the slot that was booked for it', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec({ deadlineMs: Date.now() + 20_000 }, [bundle.first]))
      const record = await bundle.ended(spec.id)
      expect(record.attempts).toEqual([])
      expect(['failed', 'expired']).toContain(record.status)
      await expectAtRest(spec)
    })

    it('puts off a job that can wait, in the same delivery and without an attempt', ONE_BY_ONE, async () => {
      const spec = await bundle.submit(bundle.spec({}, [bundle.first]))
      const record = await bundle.until(spec.id, ({ notBeforeMs }) => notBeforeMs !== null)
      expect(record).toMatchObject({ status: 'queued', delivery: 1, hop: 0, attempts: [], crashes: 0 })
      expect(record.notBeforeMs! - Date.now()).toBeGreaterThan(40_000)
      expect(record.notBeforeMs! - Date.now()).toBeLessThan(63_000)
      expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 0, booked: 1 })
      await eventually(async () =>
        expect(await bundle.broker.producer.depth(bundle.first.lane)).toMatchObject({ delayed: 1, active: 0 }),
      )
      await cancel(bundle.broker, spec.id)
    })
  })

  it('lets a job wait for a place that will soon be free', ONE_BY_ONE, async () => {
    await open({ inFlight: 1 })
    await simulator.model(bundle.first.model, { firstTokenMs: 300 })
    const specs = await Promise.all([1, 2, 3].map(() => bundle.submit(bundle.spec({}, [bundle.first]))))
    for (const { id } of specs) {
      expect(await bundle.ended(id)).toMatchObject({
        status: 'completed',
        attempts: [{ deployment: bundle.first.name }],
        // One for the claim, one for the end: it was not handed back meanwhile.
        fence: 2,
      })
    }
    for (const spec of specs) await expectAtRest(spec)
  })
})
