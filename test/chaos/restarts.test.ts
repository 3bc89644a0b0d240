import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { Api, collect, events, type SseEvent, textOf } from '../harness/api.ts'
import { startStack } from '../harness/stack.ts'

const GPT_MINI = 'gpt-5.4-mini'
const WORDS = 'one two three four five six seven eight nine ten'
const ask = (stream: boolean) => ({
  model: 'gpt-5-4-mini',
  stream,
  messages: [{ role: 'user', content: `echo: ${WORDS}` }],
})

describe('restarts', () => {
  it('an ingress killed with open streams: readers go on through the next one', { timeout: 90_000 }, async () => {
    const stack = await startStack()
    const api = new Api(stack)
    try {
      await stack.simulator.model(GPT_MINI, { firstTokenMs: 10, chunkDelayMs: 200, chunks: 40 })
      const open = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const response = await api.chat({ ...ask(true), messages: [{ role: 'user', content: 'a long story' }] })
          return { id: response.headers.get('x-request-id')!, response }
        }),
      )
      const pid = stack.pid('ingress')
      const read = open.map(async ({ id, response }) => ({ id, ...(await collect(response)) }))
      await stack.simulator.until(open[9]!.id, (calls) => calls.length === 1)
      process.kill(pid, 'SIGKILL')
      const seen = await Promise.all(read)
      await stack.restarted('ingress', pid)
      await expect
        .poll(
          () =>
            fetch(`${stack.url}/readyz`).then(
              ({ ok }) => ok,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
      for (const { id, events: head, broken } of seen) {
        expect(broken).toBe(true)
        const from = head.length === 0 ? {} : { 'last-event-id': String(head.length - 1) }
        const { events: tail } = await collect(await api.fetch(`/v1/jobs/${id}/events`, { headers: from }))
        const all = [...head, ...tail]
        expect(all.map(({ id: number }) => number)).toEqual(all.map((_, i) => i))
        expect(all.at(-1)!.data).toBe('[DONE]')
      }
    } finally {
      await stack.stop()
    }
  })

  it('a rolling restart under load loses nothing, and breaks only streams that were showing content', {
    timeout: 180_000,
  }, async () => {
    const stack = await startStack({ SWITCHYARD_DRAIN_MS: '3000' })
    const api = new Api(stack)
    try {
      await stack.simulator.model(GPT_MINI, { firstTokenMs: 100, chunkDelayMs: 50 })
      let going = true
      const accepted: string[] = []
      const streams: { status: number; events: SseEvent[]; broken: boolean }[] = []
      const load = Array.from({ length: 8 }, async (_, client) => {
        while (going || accepted.length < 30 || streams.filter(({ status }) => status === 200).length < 30) {
          try {
            if (client % 2 === 0) {
              const id = await api.submit(ask(false))
              accepted.push(id)
              await api.ended(id)
            } else {
              const response = await api.chat(ask(true))
              streams.push({ status: response.status, ...(await collect(response)) })
            }
          } catch {
            // Refused or reset while ingress is away: the client tries again.
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
        }
      })
      for (const name of ['worker', 'ingress', 'worker', 'ingress', 'background']) {
        const pid = stack.pid(name)
        process.kill(pid, 'SIGTERM')
        await stack.restarted(name, pid)
        await expect
          .poll(
            () =>
              fetch(`${stack.url}/readyz`).then(
                ({ ok }) => ok,
                () => false,
              ),
            { timeout: 20_000 },
          )
          .toBe(true)
      }
      going = false
      await Promise.all(load)
      expect(accepted.length).toBeGreaterThan(20)
      for (const id of accepted) expect(await api.ended(id)).toMatchObject({ status: 'completed' })
      const answered = streams.filter(({ status }) => status === 200)
      expect(answered.length).toBeGreaterThan(20)
      for (const { events: all, broken } of answered) {
        const last = all.at(-1)
        // A clean end is the real end.
        if (!broken && last?.event !== 'error') expect(last?.data).toBe('[DONE]')
        if (last?.data === '[DONE]') expect(textOf(all)).toBe(WORDS)
      }
    } finally {
      await stack.stop()
    }
  })

  it('SIGTERM ends everything within 10 s and leaves no process behind; streams end with an error event', {
    timeout: 60_000,
  }, async () => {
    const stack = await startStack()
    const api = new Api(stack)
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 10, chunkDelayMs: 500, chunks: 100 })
    const response = await api.chat(ask(true))
    const seen: SseEvent[] = []
    let stopped: ReturnType<typeof stack.stop> | undefined
    try {
      for await (const event of events(response)) {
        seen.push(event)
        if (seen.length === 2) stopped = stack.stop()
      }
    } catch {
      // The socket is destroyed after the error event.
    }
    expect(seen.at(-1)).toMatchObject({ event: 'error' })
    const error = JSON.parse(seen.at(-1)!.data).error
    expect(error.code).toBe('stream_interrupted')
    const { code, tookMs } = await stopped!
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(10_000)
    expect(await processesOf(stack.dataDir)).toEqual([])
  })
})

/** Command lines of living processes whose environment names this data directory. */
async function processesOf(dataDir: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      if (environment.includes(`SWITCHYARD_DATA_DIR=${dataDir}`))
        found.push(await readFile(`/proc/${pid}/cmdline`, 'utf8'))
    } catch {
      // Gone meanwhile.
    }
  }
  return found
}
