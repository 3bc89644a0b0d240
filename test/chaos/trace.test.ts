import { expect, it } from 'vitest'
import { Api, collect } from '../harness/api.ts'
import { startStack } from '../harness/stack.ts'
import { startTraceReceiver } from '../harness/trace-receiver.ts'

const CANARY = 'canary-3b1fd2'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CLIENT = 'b7ad6b7169203331'

it('one trace spans a job that fell back, from ingress to delivery, and holds nothing of what was said', {
  timeout: 90_000,
}, async () => {
  const receiver = await startTraceReceiver()
  const stack = await startStack({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  })
  try {
    await stack.simulator.fault({ kind: 'status', status: 503, model: 'claude-opus-4-7' })
    const response = await new Api(stack).chat(
      { model: 'claude-4-7-opus', stream: true, messages: [{ role: 'user', content: `echo: ${CANARY}` }] },
      { traceparent: `00-${TRACE}-${CLIENT}-01` },
    )
    const id = response.headers.get('x-request-id')
    const { events } = await collect(response)
    expect(JSON.stringify(events)).toContain(CANARY)

    const ours = () => receiver.spans.filter(({ traceId }) => traceId === TRACE)
    const names = () =>
      ours()
        .map(({ name }) => name)
        .sort()
    await expect
      .poll(names, { timeout: 15_000 })
      .toEqual(
        [
          'POST /v1/chat/completions',
          'admission',
          'enqueue',
          'queue wait',
          'chat claude-opus-4-7',
          'chat claude-opus-4-7',
          'queue wait',
          'chat gpt-5.5-pro',
          'deliver',
        ].sort(),
      )
    const spans = ours()
    const root = spans.find(({ parentSpanId }) => parentSpanId === CLIENT)!
    expect(root.name).toBe('POST /v1/chat/completions')
    const known = new Set(spans.map(({ spanId }) => spanId))
    for (const span of spans) if (span !== root) expect(known).toContain(span.parentSpanId)
    const attempts = spans.filter(({ name }) => name.startsWith('chat '))
    expect(attempts.map(({ failed }) => failed).sort()).toEqual([false, true, true])
    for (const { service, attributes } of attempts) {
      expect(service).toBe('switchyard-worker')
      expect(attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'switchyard.job.id': id })
    }
    expect(attempts.find(({ failed }) => !failed)!.attributes).toMatchObject({
      'gen_ai.request.model': 'gpt-5.5-pro',
      'switchyard.deployment': 'gpt',
    })
    for (const secret of [CANARY, stack.key, 'Bearer']) expect(receiver.bytes()).not.toContain(secret)
  } finally {
    await stack.stop()
    await receiver.stop()
  }
})
