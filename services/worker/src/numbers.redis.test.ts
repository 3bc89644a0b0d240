import { cancel } from '@switchyard/broker/cancel'
import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { WorkerConfig } from './config.ts'
import { type RecordedSpan, recordingTelemetry } from './testing/recording-telemetry.ts'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type TestDeployment, type WorkerBundle } from './testing/worker-bundle.ts'

const URL = process.env.TEST_REDIS_URL!

let simulator: SimulatorProcess
let bundle: WorkerBundle
let recorded: ReturnType<typeof recordingTelemetry>
beforeAll(async () => {
  simulator = await startSimulatorProcess()
})
afterAll(() => simulator.stop())
beforeEach(() => {
  recorded = recordingTelemetry()
})
afterEach(() => bundle.close())

async function open(limits?: TestDeployment['limits'], over: Partial<WorkerConfig> = {}): Promise<void> {
  bundle = await openWorkerBundle(URL, simulator, limits)
  await bundle.start(over, [], recorded.telemetry)
}

/** Label values, joined, → number, or how many values of a histogram. */
function valuesOf(snapshot: MetricsSnapshot, name: string): Record<string, number> {
  const series = (snapshot[name] ?? []).map(([labels, value]) => [
    labels.join(' '),
    typeof value === 'number' ? value : value.slice(1).reduce((sum, count) => sum + count, 0),
  ])
  return Object.fromEntries(series)
}

function numbers(name: string): Record<string, number> {
  return valuesOf(recorded.metrics.snapshot(), name)
}

/** The spans of a job in the order of their begin. */
function spansOf(jobId: string): RecordedSpan[] {
  return recorded.spans
    .filter(({ attributes }) => attributes['switchyard.job.id'] === jobId)
    .sort((a, b) => a.startMs - b.startMs)
}

/** That what follows the other begins when that has ended, give or take what two clocks differ. */
function expectInARow(spans: RecordedSpan[]): void {
  for (const [i, { startMs }] of spans.entries()) {
    const before = spans[i - 1]
    if (before) expect(Math.abs(startMs - before.endMs), `${before.name} → ${spans[i]!.name}`).toBeLessThan(150)
  }
}

describe('what a worker counts', () => {
  it('of a job that completes: its wait, its call, its tokens and cost, its end', async () => {
    await open()
    const { first } = bundle
    const { id } = await bundle.submit(bundle.spec({ stream: true }))
    const record = await bundle.ended(id)
    const [{ usage, costNanoUsd, provider } = { usage: null, costNanoUsd: 0, provider: '' }] = record.attempts
    const at = `${provider} ${first.name}`
    expect(numbers('switchyard_queue_wait_seconds')).toEqual({ [first.lane]: 1 })
    expect(numbers('switchyard_attempts_total')).toEqual({ [`${at} completed none`]: 1 })
    expect(numbers('switchyard_attempt_duration_seconds')).toEqual({ [at]: 1 })
    expect(numbers('switchyard_time_to_first_token_seconds')).toEqual({ [`${first.lane} ${first.name}`]: 1 })
    expect(numbers('switchyard_tokens_total')).toMatchObject({
      [`${at} input`]: usage!.inputTokens,
      [`${at} output`]: usage!.outputTokens,
    })
    expect(numbers('switchyard_cost_usd_total')[at]).toBeCloseTo(costNanoUsd! / 1e9, 12)
    await expect.poll(() => numbers('switchyard_jobs_ended_total')).toEqual({ [`${first.lane} completed`]: 1 })
    expect(numbers('switchyard_job_duration_seconds')).toEqual({ [`${first.lane} completed`]: 1 })
    expect(numbers('switchyard_log_rows_total')['']).toBeGreaterThan(0)
    expect(numbers('switchyard_log_flush_seconds')['']).toBeGreaterThan(0)
    expect(numbers('switchyard_quota_wait_seconds')).toEqual({})
    await expect.poll(() => numbers('switchyard_jobs_running')).toEqual({ worker: 0 })
  })

  it('of a job that is tried again and then moves on', async () => {
    await open()
    const { first, second } = bundle
    await simulator.fault({ kind: 'status', model: first.model, status: 500 })
    const { id } = await bundle.submit(bundle.spec())
    const { attempts } = await bundle.ended(id)
    const failures = attempts.filter(({ deployment }) => deployment === first.name)
    expect(numbers('switchyard_attempts_total')).toEqual({
      [`${failures[0]!.provider} ${first.name} failed server`]: failures.length,
      [`${attempts.at(-1)!.provider} ${second.name} completed none`]: 1,
    })
    expect(numbers('switchyard_retries_total')).toEqual({ [`${first.lane} server`]: failures.length - 1 })
    expect(numbers('switchyard_fallbacks_total')).toEqual({ [`${first.lane} ${second.lane} server`]: 1 })
    await expect.poll(() => numbers('switchyard_jobs_ended_total')).toEqual({ [`${second.lane} completed`]: 1 })
  })
})

describe('a wait for quota', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

  it('in the worker is a span between the claim and the call', async () => {
    await open({ inFlight: 1 })
    await simulator.model(bundle.first.model, { firstTokenMs: 400 })
    const specs = await Promise.all([1, 2].map(() => bundle.submit(bundle.spec({ traceparent }, [bundle.first]))))
    for (const { id } of specs) await bundle.ended(id)
    await expect.poll(() => numbers('switchyard_quota_wait_seconds')).toEqual({ [`${bundle.first.lane} held`]: 1 })
    const waited = specs.map(({ id }) => spansOf(id)).find((spans) => spans.length === 3)!
    expect(waited.map(({ name }) => name)).toEqual(['queue wait', 'quota wait', `chat ${bundle.first.model}`])
    expect(waited[1]!.attributes).toMatchObject({
      'switchyard.wait.kind': 'held',
      'switchyard.deployment': bundle.first.name,
      'switchyard.lane': bundle.first.lane,
    })
    expectInARow(waited)
  })

  it('in the lane is a span from the failure to the moment it was put off to, and no part of the wait in the queue', async () => {
    await open()
    await simulator.fault({ kind: 'status', model: bundle.first.model, status: 429, retryAfter: 1, times: 1 })
    const { id } = await bundle.submit(bundle.spec({ traceparent }, [bundle.first]))
    const { attempts } = await bundle.ended(id)
    expect(attempts).toMatchObject([{ errorClass: 'rate_limited' }, { status: 'completed' }])
    expect(numbers('switchyard_deferrals_total')).toEqual({ [bundle.first.lane]: 1 })
    expect(numbers('switchyard_quota_wait_seconds')).toEqual({ [`${bundle.first.lane} deferred`]: 1 })
    await expect.poll(() => spansOf(id)).toHaveLength(5)
    const spans = spansOf(id)
    const call = `chat ${bundle.first.model}`
    expect(spans.map(({ name }) => name)).toEqual(['queue wait', call, 'quota wait', 'queue wait', call])
    expectInARow(spans)
    const wait = spans[2]!
    expect(wait.attributes).toMatchObject({ 'switchyard.wait.kind': 'deferred' })
    expect(wait.endMs - wait.startMs).toBeGreaterThan(900)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  })

  it('before a closed lane is a span within the wait in the queue', async () => {
    // A minute of 3 s takes one request.
    await open({ rpm: 1 }, { quotaMinuteMs: 3_000 })
    const waits = Array.from({ length: 4 }, () => bundle.spec({ traceparent, deadlineMs: null }, [bundle.first]))
    await Promise.all(waits.map((spec) => bundle.submit(spec)))
    const gated = () => recorded.spans.find(({ attributes }) => attributes['switchyard.wait.kind'] === 'gate')
    await expect.poll(gated, { timeout: 15_000 }).toBeDefined()
    const { startMs, endMs, attributes } = gated()!
    expect(numbers('switchyard_quota_wait_seconds')[`${bundle.first.lane} gate`]).toBeGreaterThan(0)
    const queued = () => spansOf(String(attributes['switchyard.job.id'])).filter(({ name }) => name === 'queue wait')
    await expect
      .poll(() => queued().some((span) => span.startMs <= startMs && span.endMs >= endMs && startMs < endMs))
      .toBe(true)
    for (const { id } of waits) await cancel(bundle.broker, id)
  })
})
