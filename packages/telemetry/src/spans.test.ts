import { resourceFromAttributes } from '@opentelemetry/resources'
import { describe, expect, it } from 'vitest'
import { SPAN } from './attributes.ts'
import type { RecordedSpan } from './recorded-span.ts'
import { samplerFromEnvironment } from './sampling.ts'
import { startSpan } from './spans.ts'
import { NO_TELEMETRY, type Telemetry } from './start-telemetry.ts'
import { readTraceparent } from './traceparent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`
const UNSAMPLED = `00-${TRACE}-00f067aa0ba902b7-00`

function setup(env: NodeJS.ProcessEnv = {}) {
  const exported: RecordedSpan[] = []
  const telemetry: Telemetry = {
    ...NO_TELEMETRY,
    tracer: {
      sample: samplerFromEnvironment(env),
      export: (span) => exported.push(span as RecordedSpan),
      resource: resourceFromAttributes({}),
    },
  }
  return { telemetry, exported }
}

describe('startSpan', () => {
  it('with telemetry off only carries the traceparent on', () => {
    expect(startSpan(NO_TELEMETRY, SPAN.enqueue).traceparent).toBeUndefined()
    const span = startSpan(NO_TELEMETRY, SPAN.enqueue, { parent: PARENT })
    span.set({ 'switchyard.job.id': 'job_1' })
    span.fail('server')
    span.end()
    expect([span.traceparent, span.traceId, span.recording]).toEqual([PARENT, TRACE, false])
  })

  it('begins a trace, and goes under a parent', () => {
    const { telemetry, exported } = setup()
    const root = startSpan(telemetry, SPAN.request('POST', '/v1/chat/completions'), { kind: 'server' })
    const child = startSpan(telemetry, SPAN.admission, { parent: root.traceparent })
    child.end()
    root.end()
    expect(exported.map((span) => span.name)).toEqual(['admission', 'POST /v1/chat/completions'])
    const [inner, outer] = exported
    expect(outer?.parentSpanContext).toBeUndefined()
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(inner?.spanContext().traceId).toBe(outer?.spanContext().traceId)
    expect(readTraceparent(root.traceparent ?? '')).toMatchObject({ traceId: root.traceId, sampled: true })
  })

  it('records nothing in an unsampled trace and hands its parent on as it is', () => {
    const { telemetry, exported } = setup()
    const span = startSpan(telemetry, SPAN.enqueue, { parent: UNSAMPLED })
    span.end()
    expect([span.traceparent, span.recording, exported.length]).toEqual([UNSAMPLED, false, 0])
  })

  it('gives an unsampled root an identity, so that nobody below decides anew', () => {
    const { telemetry, exported } = setup({ OTEL_TRACES_SAMPLER: 'always_off' })
    const root = startSpan(telemetry, SPAN.enqueue)
    root.end()
    expect(readTraceparent(root.traceparent ?? '')?.sampled).toBe(false)
    const child = startSpan(setup().telemetry, SPAN.quotaWait, { parent: root.traceparent })
    expect([child.recording, child.traceparent, exported.length]).toEqual([false, root.traceparent, 0])
  })

  it('begins a new trace under a traceparent that is none', () => {
    const { telemetry } = setup()
    expect(startSpan(telemetry, SPAN.enqueue, { parent: 'garbage' }).traceId).toMatch(/^[0-9a-f]{32}$/)
  })

  it('keeps given times, to the nanosecond field of the wire', () => {
    const { telemetry, exported } = setup()
    startSpan(telemetry, SPAN.queueWait, { parent: PARENT, startTimeMs: 1_790_000_000_250.5 }).end(1_790_000_001_000)
    expect(exported[0]).toMatchObject({
      startTime: [1_790_000_000, 250_500_000],
      endTime: [1_790_000_001, 0],
      duration: [0, 749_500_000],
    })
  })

  it('never ends before it began, and ends once', () => {
    const { telemetry, exported } = setup()
    const span = startSpan(telemetry, SPAN.queueWait, { startTimeMs: 2000 })
    span.end(1000)
    span.end(9000)
    span.set({ 'switchyard.lane': 'late' })
    span.fail('late')
    expect(exported).toHaveLength(1)
    expect(exported[0]).toMatchObject({ endTime: [2, 0], duration: [0, 0], attributes: {}, status: { code: 0 } })
  })

  it('carries attributes, links and a failure without its secrets', () => {
    const { telemetry, exported } = setup()
    const span = startSpan(telemetry, SPAN.attempt('gpt-5.5-pro'), {
      parent: PARENT,
      kind: 'client',
      attributes: {
        'gen_ai.request.model': 'gpt-5.5-pro',
        'switchyard.lane': undefined,
        'switchyard.model': 'm'.repeat(5000),
      },
      links: [UNSAMPLED, undefined, 'garbage'],
    })
    span.fail('credential', 'Incorrect API key provided: sk-proj-0123456789abcdef')
    span.end()
    const [got] = exported
    expect(got?.attributes).toEqual({
      'gen_ai.request.model': 'gpt-5.5-pro',
      'switchyard.model': 'm'.repeat(1024),
      'error.type': 'credential',
    })
    expect(got?.links.map((link) => link.context.traceId)).toEqual([TRACE])
    expect(got?.status).toEqual({ code: 2, message: 'Incorrect API key provided: [redacted]' })
    expect(got?.kind).toBe(2)
  })
})
