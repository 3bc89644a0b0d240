import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { Call } from '../ledger/call.ts'
import { startSimulator } from '../start-simulator.ts'

/** What every test here needs: a simulator of its own, as fast as possible, with the three official clients and its controls. */
export async function simulatorBundle(ledgerPath?: string) {
  const simulator = await startSimulator({ ledgerPath })
  const { url, stop } = simulator

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}/control/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }

  const ledger = async (query = '') => ((await control('GET', `ledger?${query}`)) as { calls: Call[] }).calls

  await control('PUT', 'models/*', { firstTokenMs: 0, chunkDelayMs: 0 })
  return {
    url,
    stop,
    control,
    ledger,
    fault: async (rule: Record<string, unknown>) => ((await control('POST', 'faults', rule)) as { id: string }).id,
    model: (name: string, settings: Record<string, unknown>) => control('PUT', `models/${name}`, settings),
    reset: async () => {
      await control('POST', 'reset')
      await control('PUT', 'models/*', { firstTokenMs: 0, chunkDelayMs: 0 })
    },
    /** Waits, by the event stream, until a call with this client request id has ended. */
    async ended(clientRequestId: string): Promise<Call> {
      const query = `clientRequestId=${encodeURIComponent(clientRequestId)}`
      const events = await fetch(`${url}/control/events?${query}`)
      let text = ''
      const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
      try {
        // Once ": ready" is there no end can be missed, so one look at the ledger covers what came before.
        for (let looked = false; ; ) {
          const { value, done } = await reader.read()
          if (done) throw new Error('the event stream ended')
          text += value
          if (!looked) {
            looked = true
            const known = (await ledger(query)).find((call) => call.ended !== 'in_flight')
            if (known !== undefined) return known
          }
          const end = /event: end\ndata: (.*)\n\n/.exec(text)
          if (end !== null) return JSON.parse(end[1]!) as Call
        }
      } finally {
        await reader.cancel()
      }
    },
    openai: (apiKey = 'key') => new OpenAI({ apiKey, baseURL: `${url}/openai/v1`, maxRetries: 0 }),
    anthropic: (apiKey = 'key') => new Anthropic({ apiKey, baseURL: `${url}/anthropic`, maxRetries: 0 }),
    google: (apiKey = 'key') =>
      new GoogleGenAI({ apiKey, httpOptions: { baseUrl: `${url}/google`, apiVersion: 'v1beta' } }),
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer key',
          'x-api-key': 'key',
          'x-goog-api-key': 'key',
          'anthropic-version': '2023-06-01',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  }
}

export type SimulatorBundle = Awaited<ReturnType<typeof simulatorBundle>>
