import { beforeEach, describe, expect, it } from 'vitest'
import { collect, events, textOf } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

const MODEL = 'gpt-5-4-mini'
const UPSTREAM = 'gpt-5.4-mini'
const CROWD = 1_000

const ask = (text: string) => ({ model: MODEL, messages: [{ role: 'user', content: `echo: ${text}` }] })
const unique = (text: string) => `${text} ${crypto.randomUUID()}`

beforeEach(() => simulator.reset())

/** What a thousand identical requests at once got: how many different answers, and what the header says of each. */
async function crowd(json: object, headers: Record<string, string>, header: string) {
  const answers = await Promise.all(
    Array.from({ length: CROWD }, async () => {
      const response = await api.chat(json, headers)
      return { status: response.status, said: response.headers.get(header), text: await response.text() }
    }),
  )
  return {
    statuses: new Set(answers.map(({ status }) => status)),
    texts: new Set(answers.map(({ text }) => text)),
    said: answers.map(({ said }) => said),
  }
}

describe('a thousand identical requests at once', () => {
  it('under one idempotency key are one job and one call, and all get its answer', async () => {
    const { statuses, texts, said } = await crowd(
      ask(unique('key')),
      { 'idempotency-key': unique('k') },
      'idempotency-replayed',
    )
    expect([...statuses]).toEqual([200])
    expect(texts.size).toBe(1)
    expect(said.filter((value) => value === null)).toHaveLength(1)
    expect(await simulator.calls()).toHaveLength(1)
  })

  it('with cache: exact share one call, and its stored answer afterwards', async () => {
    const json = { ...ask(unique('cache')), switchyard: { cache: 'exact' } }
    const { statuses, texts, said } = await crowd(json, {}, 'x-switchyard-cache')
    expect([...statuses]).toEqual([200])
    expect(texts.size).toBe(1)
    expect(said.filter((value) => value === 'miss')).toHaveLength(1)
    const later = await api.chat(json)
    expect(later.headers.get('x-switchyard-cache')).toBe('hit')
    expect(texts).toContain(await later.text())
    expect(await simulator.calls()).toHaveLength(1)
  })
})

describe('a shared stream', () => {
  it('goes on without the client that began it, and is cancelled when the last one has left', {
    timeout: 60_000,
  }, async () => {
    await simulator.model(UPSTREAM, { chunkDelayMs: 500, chunks: 44 })
    const stream = (text: string) => ({ ...ask(text), stream: true, switchyard: { cache: 'exact' } })
    const words =
      'a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp qq rr ss tt'

    async function leaves(json: object): Promise<string> {
      const stop = new AbortController()
      const response = await api.chat(json, {}, stop.signal)
      for await (const { data } of events(response)) if (data.includes('"content"')) break
      stop.abort()
      return response.headers.get('x-request-id')!
    }

    async function outlives(): Promise<void> {
      const json = stream(unique(words))
      const first = leaves(json)
      const second = await api.chat(json)
      expect(second.headers.get('x-switchyard-cache')).toBe('shared')
      const leftAt = first.then(() => Date.now())
      const { events: seen } = await collect(second)
      // Longer than the grace that a client who leaves is given.
      expect(Date.now() - (await leftAt)).toBeGreaterThan(16_000)
      expect(seen.at(-1)!.data).toBe('[DONE]')
      expect(textOf(seen)).toContain('a b c d')
    }

    async function ends(): Promise<void> {
      const json = stream(unique(words))
      const [job, same] = await Promise.all([leaves(json), leaves(json)])
      expect(same).toBe(job)
      // Whoever followed its events now would be a reader again.
      const status = async () => (await api.job(job)).status
      await expect.poll(status, { timeout: 30_000, interval: 500 }).not.toBe('in_progress')
      expect(await status()).toBe('cancelled')
    }

    await Promise.all([outlives(), ends()])
  })
})
