import { beforeEach, describe, expect, it } from 'vitest'
import { collect, events, type SseEvent } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

const ask = { model: 'gpt-5-4-mini', stream: true, messages: [{ role: 'user', content: 'Tell me a long story' }] }

beforeEach(async () => {
  await simulator.reset()
  await simulator.model('gpt-5.4-mini', { firstTokenMs: 10, chunkDelayMs: 20, chunks: 60 })
})

/** Reads until `count` events are there, then destroys the connection. */
async function readSome(response: Response, abort: AbortController, count: number): Promise<SseEvent[]> {
  const seen: SseEvent[] = []
  try {
    for await (const event of events(response)) {
      seen.push(event)
      if (seen.length === count) abort.abort()
    }
  } catch {
    // Our own abort.
  }
  return seen.slice(0, count)
}

describe('a client that loses its connection', () => {
  it('goes on where it was, byte for byte, as often as it likes', async () => {
    const abort = new AbortController()
    const response = await api.chat(ask, {}, abort.signal)
    const id = response.headers.get('x-request-id')!
    const seen = await readSome(response, abort, 5)
    while (seen.at(-1)!.data !== '[DONE]') {
      const again = new AbortController()
      const resumed = await api.fetch(`/v1/jobs/${id}/events`, {
        headers: { 'last-event-id': String(seen.at(-1)!.id) },
        signal: again.signal,
      })
      expect(resumed.status).toBe(200)
      seen.push(...(await readSome(resumed, again, 13)))
    }
    const { events: whole } = await collect(await api.fetch(`/v1/jobs/${id}/events`))
    expect(seen).toEqual(whole)
    expect(seen.map(({ id: number }) => number)).toEqual(seen.map((_, i) => i))
    // One call upstream, whatever happened to the client.
    expect(await simulator.callsOf(id)).toHaveLength(1)
  })

  it('has its job cancelled after the grace period, and not before', { timeout: 60_000 }, async () => {
    await simulator.model('gpt-5.4-mini', { chunks: 3_000 })
    const abort = new AbortController()
    const response = await api.chat(ask, {}, abort.signal)
    const id = response.headers.get('x-request-id')!
    await readSome(response, abort, 3)
    const leftAt = Date.now()
    const [call] = await simulator.until(id, (calls) => calls[0]!.ended !== 'in_flight')
    expect(call!.ended).toBe('client_gone')
    expect(Date.now() - leftAt).toBeGreaterThan(14_000)
    expect(Date.now() - leftAt).toBeLessThan(22_000)
    expect(await api.job(id)).toMatchObject({ status: 'cancelled' })
  })

  it('has its job finished all the same with on_disconnect: continue', async () => {
    const abort = new AbortController()
    const response = await api.chat({ ...ask, switchyard: { on_disconnect: 'continue' } }, {}, abort.signal)
    const id = response.headers.get('x-request-id')!
    await readSome(response, abort, 3)
    const job = await api.ended(id)
    expect(job.status).toBe('completed')
    const [call] = await simulator.callsOf(id)
    expect(call!.ended).toBe('complete')
  })

  it.each([
    ['-1', 400],
    ['abc', 400],
    ['1000000000000000000', 400],
    ['100000', 400],
  ])('is refused the cursor %s', async (cursor, status) => {
    const id = await api.submit({ ...ask, stream: false, messages: [{ role: 'user', content: 'echo: x' }] })
    await api.ended(id)
    const response = await api.fetch(`/v1/jobs/${id}/events?starting_after=${cursor}`)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_cursor' } })
  })

  it('may be many: each reader gets every event', async () => {
    const id = await api.submit(ask)
    const readers = await Promise.all(
      Array.from({ length: 20 }, async () => (await collect(await api.fetch(`/v1/jobs/${id}/events`))).events),
    )
    for (const reader of readers) expect(reader).toEqual(readers[0])
    expect(readers[0]!.at(-1)!.data).toBe('[DONE]')
  })
})
