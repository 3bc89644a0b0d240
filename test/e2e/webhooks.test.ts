import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { events } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

interface Received {
  headers: Record<string, string>
  body: string
}

let server: Server
let url: string
const waiting: { path: string; resolve: (received: Received) => void }[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += piece))
    request.on('end', () => {
      response.writeHead(200).end()
      const one = { headers: request.headers as Record<string, string>, body }
      const at = waiting.findIndex(({ path }) => path === request.url)
      if (at >= 0) waiting.splice(at, 1)[0]!.resolve(one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => simulator.reset())

/** The next webhook that comes to this path. */
function next(path: string): Promise<Received> {
  return new Promise((resolve) => waiting.push({ path, resolve }))
}

const chat = (switchyard: object = {}) => ({
  model: 'gpt-5-4-mini',
  messages: [{ role: 'user', content: 'echo: x' }],
  switchyard,
})

interface Endpoint {
  id: string
  signing_secret: string
}

function endpointAt(path: string, types: string[]): Promise<Endpoint> {
  return api.openai.post<Endpoint>('/webhook_endpoints', {
    body: { name: 'e2e', url: url + path, event_types: types },
  })
}

describe('a webhook', () => {
  it('tells an endpoint of the end of a job, signed, and is in the log', async () => {
    const { id, signing_secret } = await endpointAt('/mine', ['job.completed'])
    const coming = next('/mine')
    const jobId = await api.submit(chat())
    const { headers, body } = await coming
    expect(await api.openai.webhooks.unwrap(body, headers, signing_secret)).toMatchObject({
      id: headers['webhook-id'],
      object: 'event',
      type: 'job.completed',
      data: { id: jobId },
    })
    await expect
      .poll(async () => (await api.fetch(`/v1/webhook_endpoints/${id}/deliveries`)).json())
      .toMatchObject({ data: [{ status: 'delivered', tries: [{ number: 1, status_code: 200, error: null }] }] })
    await api.openai.webhooks.delete(id)
  })

  it('tells of a cancel and of what never ran, too', async () => {
    await simulator.model('gpt-5.4-mini', { firstTokenMs: 20_000 })
    const { id, signing_secret } = await endpointAt('/ends', ['job.cancelled', 'job.expired'])
    const cancelled = next('/ends')
    const jobId = await api.submit(chat())
    await api.cancel(jobId)
    const first = await cancelled
    expect(await api.openai.webhooks.unwrap(first.body, first.headers, signing_secret)).toMatchObject({
      type: 'job.cancelled',
      data: { id: jobId },
    })
    const expired = next('/ends')
    const lateId = await api.submit(chat({ deadline: 0.5 }))
    const second = await expired
    expect(JSON.parse(second.body)).toMatchObject({ type: 'job.expired', data: { id: lateId } })
    await api.openai.webhooks.delete(id)
  })

  it("goes to a job's own URL, signed with the project's default secret", async () => {
    const { signing_secret } = await api.openai.webhooks.rotateSecret('default')
    const coming = next('/own')
    const jobId = await api.submit(chat({ webhook: { url: `${url}/own` } }))
    const { headers, body } = await coming
    expect(await api.openai.webhooks.unwrap(body, headers, signing_secret)).toMatchObject({ data: { id: jobId } })
  })

  it('that comes back to us disables its endpoint, and nothing is sent there again', async () => {
    const { id } = await api.openai.post<Endpoint>('/webhook_endpoints', {
      body: { name: 'loop', url: `${api.stack.url}/v1/chat/completions`, event_types: ['job.completed'] },
    })
    await api.submit(chat())
    const endpoint = async () => (await api.fetch(`/v1/webhook_endpoints/${id}`)).json()
    await expect.poll(endpoint, { timeout: 5_000 }).toMatchObject({ status: 'disabled', disabled_reason: 'gone' })
    const log = (await (await api.fetch(`/v1/webhook_endpoints/${id}/deliveries?status=dead`)).json()) as {
      data: { id: string }[]
    }
    expect(log.data).toMatchObject([{ tries: [{ number: 1, status_code: 410 }] }])
    for (const [path, json] of [[`deliveries/${log.data[0]!.id}/redeliver`], ['redeliver', { after: 0 }]] as const) {
      const refused = await api.fetch(`/v1/webhook_endpoints/${id}/${path}`, { method: 'POST', json })
      expect([refused.status, await refused.json()]).toMatchObject([
        409,
        { error: { code: 'webhook_endpoint_disabled' } },
      ])
    }
    await api.openai.webhooks.delete(id)
  })

  it('can be tried out', async () => {
    const { id, signing_secret } = await endpointAt('/test', ['batch.completed'])
    const coming = next('/test')
    expect(await api.openai.webhooks.test(id, { event_type: 'batch.completed' })).toMatchObject({
      object: 'webhook_endpoint.test',
      status_code: 200,
      success: true,
    })
    const { headers, body } = await coming
    expect(await api.openai.webhooks.unwrap(body, headers, signing_secret)).toMatchObject({ type: 'batch.completed' })
    await api.openai.webhooks.delete(id)
  })
})

describe('GET /v1/events', () => {
  it('lists the ends of jobs, and streams those that come', async () => {
    const first = await api.submit(chat())
    await api.ended(first)
    const list = async () => {
      const page = (await (await api.fetch('/v1/events?limit=1000')).json()) as {
        data: { id: string; type: string; data: { id: string } }[]
      }
      return page.data
    }
    await expect.poll(list).toContainEqual(expect.objectContaining({ type: 'job.completed', data: { id: first } }))
    const cursor = (await list()).at(-1)!.id
    const abort = new AbortController()
    const stream = await api.fetch('/v1/events', {
      headers: { accept: 'text/event-stream', 'last-event-id': cursor },
      signal: abort.signal,
    })
    const second = await api.submit(chat())
    for await (const { event, data } of events(stream)) {
      if (!data.includes(second)) continue
      expect(event).toBe('job.completed')
      break
    }
    abort.abort()
  })
})
