import { createParser } from 'eventsource-parser'
import OpenAI from 'openai'
import type { Stack } from './stack.ts'

export interface SseEvent {
  id: number | null
  event: string | null
  data: string
}

export interface JobObject {
  id: string
  object: 'job'
  status: string
  attempts: { deployment: string; status: string; error_code: string | null; cost_usd: number | null }[]
  usage: { input_tokens: number; output_tokens: number; total_tokens: number }
  error: { code: string; message: string } | null
  [field: string]: unknown
}

/** The public listener as tests use it: the official client, and raw requests where headers and events matter. */
export class Api {
  readonly stack: { url: string; key: string }
  readonly openai: OpenAI

  constructor(stack: Pick<Stack, 'url' | 'key'>) {
    this.stack = stack
    this.openai = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
  }

  fetch(path: string, init: RequestInit & { json?: unknown } = {}): Promise<Response> {
    const { json, ...rest } = init
    return fetch(this.stack.url + path, {
      ...rest,
      ...(json === undefined ? {} : { method: rest.method ?? 'POST', body: JSON.stringify(json) }),
      headers: {
        authorization: `Bearer ${this.stack.key}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...rest.headers,
      },
    })
  }

  chat(json: object, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return this.fetch('/v1/chat/completions', { json, headers, signal: signal ?? null })
  }

  /** A job that nobody waits for; its id. */
  async submit(json: object): Promise<string> {
    const response = await this.chat(json, { prefer: 'respond-async' })
    if (response.status !== 202) throw new Error(`not accepted: ${response.status} ${await response.text()}`)
    return ((await response.json()) as JobObject).id
  }

  async job(id: string): Promise<JobObject> {
    return (await (await this.fetch(`/v1/jobs/${id}`)).json()) as JobObject
  }

  cancel(id: string): Promise<Response> {
    return this.fetch(`/v1/jobs/${id}/cancel`, { method: 'POST' })
  }

  /** The job once it has ended; follows its events instead of asking again and again. */
  async ended(id: string): Promise<JobObject> {
    await collect(await this.fetch(`/v1/jobs/${id}/events`))
    return this.job(id)
  }
}

/** Events of an answer as they come; ends with the stream, throws when the connection breaks. */
export async function* events(response: Response): AsyncGenerator<SseEvent> {
  const ready: SseEvent[] = []
  const parser = createParser({
    onEvent: ({ id, event, data }) =>
      ready.push({ id: id === undefined ? null : Number(id), event: event ?? null, data }),
  })
  const decoder = new TextDecoder()
  for await (const bytes of response.body!) {
    parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }))
    yield* ready.splice(0)
  }
}

/** All events up to the end, or up to where the connection broke. */
export async function collect(response: Response): Promise<{ events: SseEvent[]; broken: boolean }> {
  const all: SseEvent[] = []
  try {
    for await (const event of events(response)) all.push(event)
    return { events: all, broken: false }
  } catch {
    return { events: all, broken: true }
  }
}

/** The text that chat chunks add up to. */
export function textOf(all: SseEvent[]): string {
  let text = ''
  for (const { event, data } of all) {
    if (event !== null || data === '[DONE]') continue
    const chunk = JSON.parse(data) as { choices: { delta: { content?: string } }[] }
    text += chunk.choices[0]?.delta.content ?? ''
  }
  return text
}
