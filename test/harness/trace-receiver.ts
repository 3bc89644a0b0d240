import { createServer } from 'node:http'

export interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  service: string
  attributes: Record<string, unknown>
  failed: boolean
}

/** An OpenTelemetry collector for tests: takes OTLP over HTTP as JSON and keeps every span, and every byte, of it. */
export async function startTraceReceiver(): Promise<{
  url: string
  spans: Span[]
  bytes(): string
  stop(): Promise<void>
}> {
  const spans: Span[] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    bodies.push(body)
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const service = plain(resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value)
      for (const { spans: some } of scopeSpans) {
        for (const span of some) {
          spans.push({
            name: span.name,
            traceId: span.traceId,
            spanId: span.spanId,
            parentSpanId: span.parentSpanId ?? '',
            service: String(service),
            attributes: Object.fromEntries(
              span.attributes.map(({ key, value }: { key: string; value: object }) => [key, plain(value)]),
            ),
            failed: span.status?.code === 2,
          })
        }
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bytes: () => bodies.join('\n'),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function plain(value: object): unknown {
  return Object.values(value)[0]
}
