import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Receivers of webhooks: any path of `aliveUrl` answers at once, no path of `deadUrl` ever does. */
export interface WebhookSink {
  aliveUrl: string
  deadUrl: string
  /** When the first try for this job came, by `performance.now()`; undefined: not yet. */
  cameAtMs(jobId: string): number | undefined
  stop(): void
}

export async function startWebhookSink(): Promise<WebhookSink> {
  const came = new Map<string, number>()
  const server = createServer((request, response) => {
    const atMs = performance.now()
    let body = ''
    request.on('data', (piece) => (body += piece))
    request.on('end', () => {
      const { data } = JSON.parse(body) as { data: { id: string } }
      if (!came.has(data.id)) came.set(data.id, atMs)
      if (request.url?.startsWith('/alive')) response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    aliveUrl: `${url}/alive`,
    deadUrl: `${url}/dead`,
    cameAtMs: (jobId) => came.get(jobId),
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
