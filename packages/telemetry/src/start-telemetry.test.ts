import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SPAN } from './attributes.ts'
import { startSpan } from './spans.ts'
import { startTelemetry } from './start-telemetry.ts'

/** An OTLP collector: keeps every body that it is sent. */
async function startReceiver() {
  const received: { path: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer(async (request, response) => {
    received.push({ path: request.url, headers: request.headers, body: await text(request) })
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    received,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The exporter reads endpoint and headers from the process, so the tests must set them there. */
function useEnvironment(variables: Record<string, string>) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
}

afterEach(() => vi.unstubAllEnvs())

describe('startTelemetry', () => {
  it.each([
    ['no endpoint', {}],
    ['the SDK disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }],
    ['no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }],
  ])('traces nothing with %s', async (_, env) => {
    expect((await startTelemetry({ service: 'ingress', version: '1', env })).tracer).toBeNull()
  })

  it('sends spans to the collector with the process described', async () => {
    const receiver = await startReceiver()
    useEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=yard',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    const telemetry = await startTelemetry({ service: 'worker', version: '1.2.3' })
    const root = startSpan(telemetry, SPAN.request('POST', '/v1/chat/completions'), { kind: 'server' })
    const child = startSpan(telemetry, SPAN.enqueue, {
      parent: root.traceparent,
      attributes: { 'switchyard.attempt': 2 },
    })
    child.end()
    root.end()
    await telemetry.stop()
    await telemetry.stop()
    await receiver.stop()

    expect(receiver.received).toHaveLength(1)
    const [request] = receiver.received
    expect([request?.path, request?.headers['x-tenant']]).toEqual(['/v1/traces', 'yard'])
    const { resourceSpans } = JSON.parse(request?.body ?? '') as { resourceSpans: OtlpResourceSpans[] }
    const resource = Object.fromEntries(
      resourceSpans[0]?.resource.attributes.map((a) => [a.key, a.value.stringValue]) ?? [],
    )
    expect(resource).toMatchObject({
      'service.name': 'switchyard-worker',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
    })
    const spans = resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans))
    expect(spans.map((span) => [span.name, span.traceId])).toEqual([
      ['enqueue', root.traceId],
      ['POST /v1/chat/completions', root.traceId],
    ])
    expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId)
    expect(spans[0]?.attributes).toEqual([{ key: 'switchyard.attempt', value: { intValue: 2 } }])
  })

  it('speaks protobuf by default and obeys OTEL_SERVICE_NAME', async () => {
    const receiver = await startReceiver()
    useEnvironment({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/custom`, OTEL_SERVICE_NAME: 'my-yard' })
    const telemetry = await startTelemetry({ service: 'ingress', version: '1' })
    startSpan(telemetry, SPAN.deliver).end()
    await telemetry.stop()
    await receiver.stop()
    const [request] = receiver.received
    expect([request?.path, request?.headers['content-type']]).toEqual(['/custom', 'application/x-protobuf'])
    expect(request?.body).toContain('deliver')
    expect(request?.body).toContain('my-yard')
    expect(request?.body).not.toContain('switchyard-ingress')
  })

  it('loses spans to a dead collector, says so once, and stops all the same', async () => {
    const receiver = await startReceiver()
    await receiver.stop()
    useEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT: '300' })
    const warnings: string[] = []
    const telemetry = await startTelemetry({
      service: 'ingress',
      version: '1',
      env: { ...process.env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1', OTEL_BSP_MAX_QUEUE_SIZE: '2' },
      warn: (message) => warnings.push(message),
    })
    for (let i = 0; i < 20; i++) startSpan(telemetry, SPAN.deliver).end()
    await vi.waitFor(() => expect(warnings).toHaveLength(1), { timeout: 5000 })
    for (let i = 0; i < 20; i++) startSpan(telemetry, SPAN.deliver).end()
    await telemetry.stop()
    expect(warnings).toEqual([expect.stringMatching(/^telemetry: /)])
  })
})

interface OtlpResourceSpans {
  resource: { attributes: { key: string; value: { stringValue?: string } }[] }
  scopeSpans: {
    spans: { name: string; traceId: string; spanId: string; parentSpanId?: string; attributes: object[] }[]
  }[]
}
