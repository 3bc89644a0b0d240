import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Api, collect, events, textOf } from '../harness/api.ts'
import { type Stack, startStack } from '../harness/stack.ts'

const GPT_MINI = 'gpt-5.4-mini'
const ask = (text = 'one two three four five six seven eight nine ten eleven twelve') => ({
  model: 'gpt-5-4-mini',
  stream: true,
  messages: [{ role: 'user', content: `echo: ${text}` }],
})

describe('workers that die, hang and come back', () => {
  let stack: Stack
  let api: Api

  beforeAll(async () => {
    stack = await startStack()
    api = new Api(stack)
  })
  afterAll(() => stack.stop())
  beforeEach(() => stack.simulator.reset())

  async function killWhileCalling(id: string, call: number, name: 'worker' | 'suspect worker'): Promise<void> {
    await stack.simulator.until(id, (calls) => calls.length === call && calls[call - 1]!.ended === 'in_flight')
    const pid = stack.pid(name)
    process.kill(pid, 'SIGKILL')
    await stack.restarted(name, pid)
  }

  it('a killed worker’s job runs again within 25 s, is not failed for it, and the lost call is on the bill', {
    timeout: 60_000,
  }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 2_000 })
    const id = await api.submit(ask())
    await killWhileCalling(id, 1, 'worker')
    const killedAt = Date.now()
    await stack.simulator.until(id, (calls) => calls.length === 2)
    expect(Date.now() - killedAt).toBeLessThan(25_000)
    const job = await api.ended(id)
    expect(job).toMatchObject({
      status: 'completed',
      attempts: [{ status: 'lost', error_code: 'worker_lost' }, { status: 'completed' }],
    })
    expect(job.attempts[0]!.cost_usd).toBeGreaterThan(0)
  })

  it('a reader who has seen content is told the truth when its worker dies', { timeout: 60_000 }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 10, chunkDelayMs: 100, chunks: 100 })
    const response = await api.chat({ ...ask(), messages: [{ role: 'user', content: 'a long story please' }] })
    const seen = []
    for await (const event of events(response)) {
      seen.push(event)
      if (seen.length === 5) process.kill(stack.pid('worker'), 'SIGKILL')
    }
    expect(seen.at(-1)).toMatchObject({ event: 'error' })
    expect(JSON.parse(seen.at(-1)!.data)).toMatchObject({ error: { code: 'stream_interrupted' } })
    expect(seen.map(({ id }) => id)).toEqual(seen.map((_, i) => i))
  })

  it('a stream that nobody has read starts over and is whole', { timeout: 60_000 }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 10, chunkDelayMs: 300 })
    const id = await api.submit(ask())
    await killWhileCalling(id, 1, 'worker')
    await stack.simulator.until(id, (calls) => calls.length === 2)
    const { events: all } = await collect(await api.fetch(`/v1/jobs/${id}/events`))
    expect(textOf(all)).toBe('one two three four five six seven eight nine ten eleven twelve')
    expect(all.map(({ id: number }) => number)).toEqual(all.map((_, i) => i))
    expect(all.at(-1)!.data).toBe('[DONE]')
  })

  it('a worker that was paused past its lease changes nothing afterwards', { timeout: 90_000 }, async () => {
    await stack.simulator.model(GPT_MINI, { firstTokenMs: 1_000, chunkDelayMs: 400 })
    const id = await api.submit(ask())
    await stack.simulator.until(id, (calls) => calls[0]?.ended === 'in_flight')
    const paused = stack.pid('worker')
    process.kill(paused, 'SIGSTOP')
    // Nobody else is there to take it over: the sweeper gives it back to the lane, and the paused one is replaced.
    await expect.poll(async () => (await api.job(id)).attempts[0]?.status, { timeout: 30_000 }).toBe('lost')
    process.kill(paused, 'SIGCONT')
    const job = await api.ended(id)
    expect(job.status).toBe('completed')
    const { events: all } = await collect(await api.fetch(`/v1/jobs/${id}/events`))
    expect(all.map(({ id: number }) => number)).toEqual(all.map((_, i) => i))
    expect(textOf(all)).toBe('one two three four five six seven eight nine ten eleven twelve')
    // The zombie's call was cut off by itself, and it is the lost one on the bill: nothing is booked twice.
    expect(job.attempts.map(({ status }) => status)).toEqual(['lost', 'completed'])
    expect(await stack.simulator.callsOf(id)).toHaveLength(2)
  })

  it('a job that crashes its workers runs alone, is then quarantined, and the jobs beside it are not', {
    timeout: 120_000,
  }, async () => {
    await stack.simulator.model('claude-haiku-4-5', { firstTokenMs: 60_000 })
    const poison = await api.submit({ ...ask(), model: 'claude-haiku-4-5' })
    await killWhileCalling(poison, 1, 'worker')
    const beside = await api.submit(ask())
    await killWhileCalling(poison, 2, 'worker')
    await killWhileCalling(poison, 3, 'suspect worker')
    const job = await api.ended(poison)
    expect(job).toMatchObject({ status: 'failed', error: { code: 'job_quarantined' } })
    expect(job.attempts).toHaveLength(3)
    expect(await api.ended(beside)).toMatchObject({ status: 'completed' })
    expect(await api.ended(await api.submit(ask()))).toMatchObject({ status: 'completed' })
  })
})
