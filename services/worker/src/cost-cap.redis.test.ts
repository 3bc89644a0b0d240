import type { JobSpec } from '@switchyard/contract/job'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import { claimJob } from '@switchyard/jobs/claim-job'
import { createJob } from '@switchyard/jobs/create-job'
import { readEvents } from '@switchyard/jobs/read-events'
import { readResult } from '@switchyard/jobs/read-result'
import { newBeginning } from '@switchyard/jobs/testing/new-attempt'
import { eventually } from '@switchyard/redis/testing/eventually'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

/** The servers beside each other, the tests of each one after the other. */
const ONE_BY_ONE = { concurrent: false }
/** Nano-dollars for each token of the bundle's deployments. */
const INPUT = 1_000
const OUTPUT = 10_000
const ESTIMATE = { inputTokens: 10, outputTokens: 100 }
const RESPONSES = {
  dialect: 'openai-responses' as const,
  endpoint: '/v1/responses',
  response: { store: false, background: false, previousResponseId: null },
}
/** The prompt and 20 tokens of an answer. */
const CAP = 10 * INPUT + 20 * OUTPUT

describe.concurrent.each(OWN_SERVERS)('on %s', (_name, url) => {
  describe('a cost cap', ONE_BY_ONE, () => {
    let simulator: SimulatorProcess
    let bundle: WorkerBundle
    beforeAll(async () => {
      simulator = await startSimulatorProcess()
    })
    afterAll(() => simulator.stop())
    beforeEach(async () => {
      bundle = await openWorkerBundle(url, simulator)
      await bundle.start()
      await simulator.model(bundle.first.model, { firstTokenMs: 1, chunkDelayMs: 5 })
    })
    afterEach(() => bundle.close())

    function capped(over: Partial<JobSpec> = {}): JobSpec {
      return bundle.spec({ stream: true, maxCostNanoUsd: CAP, estimate: ESTIMATE, ...over })
    }

    it('stops a stream there, says so, and keeps what was said', async () => {
      const spec = await bundle.submit(capped(), 500)
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({
        status: 'failed',
        failure: { status: 400, error: { code: 'cost_limit_reached', param: 'switchyard.max_cost_usd' } },
        attempts: [{ status: 'failed', errorClass: 'cost_limit', usageSource: 'estimate' }],
      })
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      const last = entries.at(-1)!
      expect([last.event, last.terminal]).toEqual(['error', 'failed'])
      expect(JSON.parse(last.data).error.message).toMatch(/stopped at the job's cost cap of 0.00021 USD/)
      const shown = entries.filter(({ data }) => /"content":"[^"]/.test(data))
      // One token more than there was money for would be the next chunk.
      expect(shown.length).toBeGreaterThan(5)
      expect(shown.length).toBeLessThanOrEqual(20)
      const { costNanoUsd } = record.attempts[0]!
      expect(costNanoUsd).toBeGreaterThanOrEqual(CAP)
      expect(costNanoUsd).toBeLessThan(CAP + 5 * OUTPUT)
      // The provider was stopped as well.
      await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }]))
    })

    it('stops an answer that its client waits for, and tells what was spent', async () => {
      const spec = await bundle.submit(capped({ stream: false }), 500)
      const record = await bundle.ended(spec.id)
      const { status, body } = await readResult(bundle.broker.jobs, record)
      expect([status, JSON.parse(String(body)).error]).toMatchObject([
        400,
        { code: 'cost_limit_reached', message: expect.stringMatching(/has cost about 0\.0002\d+ USD/) },
      ])
      await eventually(async () => expect(await simulator.callsOf(spec.id)).toMatchObject([{ ended: 'client_gone' }]))
    })

    it('ends a response in its own words', async () => {
      const spec = await bundle.submit(capped(RESPONSES), 500, { input: 'length: 500 chunks' })
      const record = await bundle.ended(spec.id)
      const entries = await readEvents(bundle.broker.jobs, record, -1)
      expect(entries.map(({ seq }) => seq)).toEqual([...entries.keys()])
      expect(JSON.parse(entries.at(-1)!.data)).toMatchObject({
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'cost_limit_reached' } },
      })
      expect(entries.filter(({ data }) => data.includes('output_text.delta')).length).toBeGreaterThan(5)
    })

    it.each([true, false])('leaves an answer below it as it is (stream: %s)', async (stream) => {
      const spec = await bundle.submit(capped({ stream, maxCostNanoUsd: 1_000_000_000 }), 30)
      const record = await bundle.ended(spec.id)
      expect(record).toMatchObject({ status: 'completed', attempts: [{ usageSource: 'provider' }] })
      const { body } = await readResult(bundle.broker.jobs, record)
      const { usage } = record.attempts[0]!
      expect(JSON.parse(String(body))).toMatchObject({
        object: 'chat.completion',
        choices: [{ message: { role: 'assistant', content: expect.stringMatching(/\S/) }, finish_reason: 'stop' }],
        usage: { prompt_tokens: usage!.inputTokens, completion_tokens: usage!.outputTokens },
      })
    })

    it('leaves a response below it as it is, also one that is not streamed', async () => {
      const spec = capped({ ...RESPONSES, stream: false, maxCostNanoUsd: 1_000_000_000 })
      await bundle.submit(spec, 0, { input: 'length: 30 chunks' })
      const record = await bundle.ended(spec.id)
      const { body } = await readResult(bundle.broker.jobs, record)
      const { usage } = record.attempts[0]!
      expect(JSON.parse(String(body))).toMatchObject({
        object: 'response',
        status: 'completed',
        output: [{ type: 'message', content: [{ type: 'output_text', text: expect.stringMatching(/\S/) }] }],
        usage: { output_tokens: usage!.outputTokens },
      })
    })

    it('makes no call that is not covered any more', async () => {
      const spec = capped()
      const { jobs } = bundle.broker
      await createJob(jobs, { spec, body: Buffer.from('{}'), reader: null })
      const delivery = { jobId: spec.id, delivery: 1 }
      const verdict = await claimJob(jobs, delivery, { owner: 'ghost', suspect: false, leaseMs: 1 })
      if (verdict.kind !== 'claimed') throw new Error(verdict.kind)
      // What that call has cost nobody knows but its estimate: all there is.
      const { estimate } = newBeginning(1, 1)
      const lost = { ...newBeginning(1, verdict.claim.fence), estimate: { ...estimate, costNanoUsd: CAP } }
      await beginAttempt(jobs, spec.id, lost)
      await bundle.broker.producer.add(bundle.first.lane, delivery, 'next')
      expect(await bundle.ended(spec.id)).toMatchObject({
        status: 'failed',
        failure: {
          error: { code: 'cost_limit_reached', message: expect.stringMatching(/^another call would exceed/) },
        },
        attempts: [{ status: 'lost' }],
      })
      expect(await simulator.callsOf(spec.id)).toEqual([])
      await eventually(async () => expect(await bundle.limiter(bundle.first)).toMatchObject({ inFlight: 0, booked: 0 }))
    })
  })
})
