import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface QueueWaits {
  /** Where a stack sends its spans, as OTLP in JSON. */
  url: string
  /** From a job's acceptance to its claim, ms; undefined: its span has not come yet. */
  of(jobId: string): number | undefined
  stop(): void
}

interface OtlpSpan {
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: { stringValue?: string } }[]
}

/** A collector that keeps how long jobs waited in their lanes. */
export async function collectQueueWaits(): Promise<QueueWaits> {
  const waits = new Map<string, number>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(parts).toString()) as {
        resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[]
      }
      for (const span of resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))) {
        if (span.name !== 'queue wait') continue
        const id = span.attributes.find(({ key }) => key === 'switchyard.job.id')?.value.stringValue
        const ms = Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6
        if (id !== undefined) waits.set(id, ms)
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of: (jobId) => waits.get(jobId),
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
