import { fileURLToPath } from 'node:url'
import { checkout } from './checkout.ts'
import type { Crew } from './crew.ts'

/** How a model answers, by the simulator's control endpoint; times in ms. */
export interface Pace {
  firstTokenMs: number
  chunkDelayMs: number
  chunks: number
}

export interface BenchSimulator {
  url: string
  setPace(model: string, pace: Pace): Promise<void>
  /** Calls of a model behind the one of this number, some thousand at most: when their body had been read (epoch ms), and the attempt. */
  calls(model: string, after: number): Promise<{ n: number; at: number; clientRequestId: string | null }[]>
  /** Forgets calls, limits' windows and paces, so that no round pays for the one before. */
  reset(): Promise<void>
}

/** Its own limits are out of the way: a call that it refuses would be an error of the bench. */
const NO_LIMITS = { rpm: 1_000_000_000, tpm: 1_000_000_000, inFlight: 1_000_000 }

export async function startSimulator(crew: Crew): Promise<BenchSimulator> {
  const member = crew.start({
    name: 'simulator',
    command: process.execPath,
    args: [
      '--import',
      fileURLToPath(new URL('separate-chunks.ts', import.meta.url)),
      checkout('services/simulator/src/main.ts'),
    ],
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', SIMULATOR_LEDGER: '' },
  })
  const [, url = ''] = await member.line(/^simulator ready (http\S+)/)

  async function ask(method: string, path: string, body: object): Promise<void> {
    const response = await fetch(`${url}/control/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`the simulator refused ${method} ${path}: ${await response.text()}`)
    await response.body?.cancel()
  }

  return {
    url,
    async calls(model, after) {
      const response = await fetch(`${url}/control/ledger?model=${encodeURIComponent(model)}&after=${after}`)
      if (!response.ok) throw new Error(`the simulator refused its ledger: ${await response.text()}`)
      return ((await response.json()) as { calls: { n: number; at: number; clientRequestId: string | null }[] }).calls
    },
    setPace: (model, pace) => ask('PUT', `models/${encodeURIComponent(model)}`, { ...NO_LIMITS, ...pace }),
    reset: () => ask('POST', 'reset', {}),
  }
}
