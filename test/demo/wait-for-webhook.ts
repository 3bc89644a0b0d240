import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type OpenAI from 'openai'

/** Longer than any answer of the demo takes. */
const PATIENCE_MS = 120_000

export interface ToldJob {
  job: string
  /** From the submission to the verified webhook. */
  tookMs: number
  problems: string[]
}

/**
 * Submits one long question with `Prefer: respond-async` and does nothing but listen: the broker calls back, the OpenAI client verifies the
 * signature, and the result is asked for by the id that the event names. The endpoint is deleted at the end.
 */
export async function waitForWebhook(
  client: OpenAI,
  question: string,
  { model, signal }: { model: string; signal: AbortSignal },
): Promise<ToldJob> {
  const told = Promise.withResolvers<string>()
  /** The webhook may be here before the answer that says which job it is. */
  const types = new Map<string, string>()
  let secret = ''
  const problems: string[] = []
  let job = ''

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    try {
      const event = (await client.webhooks.unwrap(body, request.headers as Record<string, string>, secret)) as {
        type: string
        data: { id: string }
      }
      response.writeHead(204).end()
      types.set(event.data.id, event.type)
      if (event.data.id === job) told.resolve(event.type)
    } catch (error) {
      response.writeHead(400).end()
      problems.push(`a webhook that can't be verified: ${error instanceof Error ? error.message : error}`)
    }
  }

  const server = createServer((request, response) => void receive(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = await client.post<{ id: string; signing_secret: string }>('/webhook_endpoints', {
    body: { name: 'demo', url: `http://127.0.0.1:${port}/`, event_types: ['job.completed', 'job.failed'] },
  })
  secret = endpoint.signing_secret
  const timer = setTimeout(() => told.reject(new Error('no webhook came in two minutes')), PATIENCE_MS)
  const onAbort = () => told.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    const begunAt = performance.now()
    const accepted = await client.chat.completions
      .create({ model, messages: [{ role: 'user', content: question }] }, { headers: { Prefer: 'respond-async' } })
      .asResponse()
    job = ((await accepted.json()) as { id: string }).id
    const type = types.get(job) ?? (await told.promise)
    const tookMs = performance.now() - begunAt
    if (type !== 'job.completed') problems.push(`${job}: ${type}`)
    const result = await client.get<OpenAI.ChatCompletion>(`/jobs/${job}/result`)
    if (!result.choices[0]?.message.content) problems.push(`${job}: its result is empty`)
    return { job, tookMs, problems }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    await client.delete(`/webhook_endpoints/${endpoint.id}`).catch(() => {})
    server.close()
    server.closeAllConnections()
  }
}
