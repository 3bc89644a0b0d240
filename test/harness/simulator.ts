/** One call in the simulator's ledger. */
export interface Call {
  n: number
  /** When its body had been read, epoch ms. */
  at: number
  dialect: string
  key: string | null
  model: string
  clientRequestId: string | null
  stream: boolean
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  cacheWriteTokens: number
  status: number | null
  ended: string
  msToEnd: number | null
}

/** What can be set up to go wrong; see the simulator's control endpoints. */
export interface Fault {
  kind: string
  model?: string
  status?: number
  retryAfter?: number | string
  afterChunks?: number
  times?: number
  share?: number
  delayMs?: number
  body?: unknown
  stream?: boolean
}

/** The simulator's control endpoints, for tests. */
export class Simulator {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async fault(fault: Fault): Promise<string> {
    return ((await this.#ask('POST', 'faults', fault)) as { id: string }).id
  }

  async removeFault(id: string): Promise<void> {
    await this.#ask('DELETE', `faults/${id}`)
  }

  async clearFaults(): Promise<void> {
    await this.#ask('DELETE', 'faults')
  }

  /** Pacing and limits of a model, `*` for all. */
  async model(name: string, settings: Record<string, unknown>): Promise<void> {
    await this.#ask('PUT', `models/${encodeURIComponent(name)}`, settings)
  }

  async reset(): Promise<void> {
    await this.#ask('POST', 'reset')
  }

  async calls(filter: { model?: string; after?: number } = {}): Promise<Call[]> {
    const query = new URLSearchParams(
      Object.entries(filter).map(([name, value]) => [name, String(value)] as [string, string]),
    )
    return ((await this.#ask('GET', `ledger?${query}`)) as { calls: Call[] }).calls
  }

  /** Every call of one job, by the attempt id that the worker sends. */
  async callsOf(jobId: string): Promise<Call[]> {
    return (await this.calls()).filter(({ clientRequestId }) => clientRequestId?.startsWith(`${jobId}.`))
  }

  /** Waits until the calls of a job satisfy `when`; woken by the simulator's own events. */
  async until(jobId: string, when: (calls: Call[]) => boolean): Promise<Call[]> {
    const abort = new AbortController()
    const response = await fetch(`${this.url}/control/events`, { signal: abort.signal })
    const reader = response.body!.getReader()
    try {
      for (;;) {
        await reader.read()
        const calls = await this.callsOf(jobId)
        if (when(calls)) return calls
      }
    } finally {
      abort.abort()
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok) throw new Error(`the simulator refused ${method} ${path}: ${await response.text()}`)
    return response.json()
  }
}
