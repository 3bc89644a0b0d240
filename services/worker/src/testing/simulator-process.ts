import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../simulator/src/main.ts', import.meta.url))

/** One call in the simulator's own ledger; see its `ledger/call.ts`. */
export interface SimulatedCall {
  n: number
  model: string
  clientRequestId: string | null
  /** When its body had been read, epoch ms. */
  at: number
  status: number | null
  ended: string
  promptTokens: number
  completionTokens: number
  msToEnd: number | null
}

/** The providers that a worker calls in tests, as a process of its own. */
export interface SimulatorProcess {
  url: string
  /** What goes wrong with calls of a model; see the simulator's `faults/fault-rule.ts`. */
  fault(rule: { kind: string; model: string } & Record<string, unknown>): Promise<void>
  /** No fault any more, of any model. */
  heal(): Promise<void>
  /** Pacing of a model; see `limits/model-settings.ts`. */
  model(name: string, settings: Record<string, unknown>): Promise<void>
  /** Every call of a model, in order. */
  callsTo(model: string): Promise<SimulatedCall[]>
  /** Every call of one job, in order. */
  callsOf(jobId: string): Promise<SimulatedCall[]>
  /** Every call of a model, in order. */
  calls(model: string): Promise<SimulatedCall[]>
  stop(): Promise<void>
}

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await Promise.race([once(child.stdout, 'data'), exited])) as [unknown]
  const url = /^simulator ready (http\S+)/.exec(String(line))?.[1]
  if (url === undefined) throw new Error(`the simulator does not start: ${line}`)

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}/control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok) throw new Error(`the simulator refused ${method} ${path}: ${await response.text()}`)
    return response.json()
  }

  async function ledger(): Promise<SimulatedCall[]> {
    const { calls } = (await ask('GET', 'ledger?limit=200000')) as { calls: SimulatedCall[] }
    return calls
  }

  return {
    url,
    async fault(rule) {
      await ask('POST', 'faults', rule)
    },
    async heal() {
      await ask('DELETE', 'faults')
    },
    async model(name, settings) {
      await ask('PUT', `models/${encodeURIComponent(name)}`, settings)
    },
    async callsTo(model) {
      const { calls } = (await ask('GET', `ledger?limit=200000&model=${model}`)) as { calls: SimulatedCall[] }
      return calls
    },
    calls: async (model) => (await ledger()).filter((call) => call.model === model),
    async callsOf(jobId) {
      return (await ledger()).filter(({ clientRequestId }) => clientRequestId?.startsWith(`${jobId}.`))
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
