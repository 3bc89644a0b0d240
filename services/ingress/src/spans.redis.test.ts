import { NO_TELEMETRY, type Telemetry, type Tracer } from '@switchyard/telemetry/start-telemetry'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Stack, startStack } from './testing/start-stack.ts'

type Span = Parameters<Tracer['export']>[0]

const spans: Span[] = []
const telemetry: Telemetry = {
  ...NO_TELEMETRY,
  tracer: {
    sample: () => true,
    export: (span) => spans.push(span),
    // Nothing here reads it.
    resource: undefined as unknown as Tracer['resource'],
  },
}
const ANSWER = JSON.stringify({ id: 'chatcmpl-1', choices: [] })
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ telemetry })
})
afterAll(() => stack.stop())

async function spansOf(ask: (headers: Record<string, string>) => Promise<Response>): Promise<Span[]> {
  spans.length = 0
  const response = await ask({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  await response.text()
  await vi.waitUntil(() => spans.some(({ name }) => name.startsWith('POST')))
  return [...spans]
}

describe('the trace of a request', () => {
  it.each([false, true])('goes on from the caller, stream %s', async (stream) => {
    const seen = await spansOf(async (headers) => {
      const asked = stack.chat({ stream }, headers)
      const job = await stack.worker.next()
      expect(job.claim.record.spec.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
      await job.begin()
      if (stream) await job.append('{}')
      await job.complete(stream ? null : ANSWER)
      return asked
    })
    expect(seen.map(({ name }) => name).sort()).toEqual([
      'POST /v1/chat/completions',
      'admission',
      'deliver',
      'enqueue',
    ])
    const root = seen.find(({ name }) => name.startsWith('POST'))!
    expect(root.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
    expect(root.attributes).toMatchObject({ 'http.response.status_code': 200, 'switchyard.project': stack.project })
    for (const span of seen) {
      expect(span.spanContext().traceId).toBe(TRACE)
      if (span !== root) expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId)
    }
    expect(JSON.stringify(seen)).not.toContain('Hello')
  })

  it('tells a refusal', async () => {
    const seen = await spansOf((headers) => stack.chat({ temperature: 9 }, headers))
    const root = seen.find(({ name }) => name.startsWith('POST'))!
    expect(root.attributes).toMatchObject({ 'http.response.status_code': 400, 'error.type': 'invalid_value' })
  })
})
