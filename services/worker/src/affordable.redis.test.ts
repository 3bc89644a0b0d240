import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

/** Nano-dollars: a prompt of 10 tokens costs 10,000, at worst 16,000; a token of an answer 10,000. */
const ESTIMATE = { inputTokens: 10, outputTokens: 100 }
const PROMPT_AT_WORST = 16_000

describe('a cost cap over several attempts', () => {
  let simulator: SimulatorProcess
  let bundle: WorkerBundle
  beforeAll(async () => {
    simulator = await startSimulatorProcess()
  })
  afterAll(() => simulator.stop())
  beforeEach(async () => {
    bundle = await openWorkerBundle(OWN_SERVERS[0]![1], simulator)
    await bundle.start()
    await simulator.fault({ kind: 'cut', afterChunks: 3, model: bundle.first.model })
  })
  afterEach(() => bundle.close())

  /** Nobody has read the answer that was cut, so another attempt could start over. */
  const broken = async (maxCostNanoUsd: number) => {
    const spec = await bundle.submit(bundle.spec({ stream: true, estimate: ESTIMATE, maxCostNanoUsd }), 5)
    return bundle.ended(spec.id)
  }

  it('ends the job where what a broken attempt left pays for no other, and says so', async () => {
    // The answer is cut after some eight tokens, which with its prompt cost 90,000.
    const record = await broken(90_000 + PROMPT_AT_WORST - 1)
    expect(record).toMatchObject({
      status: 'failed',
      failure: { status: 400, error: { code: 'cost_limit_reached', param: 'switchyard.max_cost_usd' } },
      attempts: [{ deployment: bundle.first.name, errorClass: 'broken_stream' }],
    })
    expect(record.failure?.error.message).toContain('pays for no other attempt')
  })

  it('lets it go on where there is enough', async () => {
    const record = await broken(1_000_000)
    expect(record.status).toBe('completed')
    expect(record.attempts.length).toBeGreaterThan(1)
  })
})
