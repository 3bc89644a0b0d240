import { expect, it } from 'vitest'
import { api, simulator } from '../harness/shared.ts'

const [FIRST, SECOND] = ['gpt-5.4-hedged-a', 'gpt-5.4-hedged-b']
/** Twenty first calls earn one hedge, and as many tell how soon a first token mostly comes. */
const ENOUGH_CALLS = 60
const LATE_MS = 8_000

it('a first token that is late is asked for elsewhere too: the client gets the sooner one, and sees what the other cost', async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 20, chunkDelayMs: 1 })
  const messages = [{ role: 'user' as const, content: 'echo: one two three four' }]
  const ask = () => api.openai.chat.completions.create({ model: 'hedged', messages, stream: true }).withResponse()
  for (let i = 0; i < ENOUGH_CALLS; i += 10) {
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { data } = await ask()
        for await (const _chunk of data);
      }),
    )
  }
  await simulator.model(FIRST!, { firstTokenMs: LATE_MS, chunkDelayMs: 1 })
  await simulator.model(SECOND!, { firstTokenMs: 20, chunkDelayMs: 1 })
  const since = performance.now()
  const { data, response } = await ask()
  let text = ''
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe('one two three four')
  expect(performance.now() - since).toBeLessThan(LATE_MS)
  expect(response.headers.get('x-switchyard-deployment')).toBe('hedged-b (simulator)')

  const job = await api.ended(response.headers.get('x-request-id')!)
  expect(job).toMatchObject({
    status: 'completed',
    attempts: [
      { deployment: 'hedged-a', status: 'cancelled', error_code: null },
      { deployment: 'hedged-b', status: 'completed' },
    ],
  })
  for (const { cost_usd } of job.attempts) expect(cost_usd).toBeGreaterThan(0)
  const calls = await simulator.callsOf(job.id)
  expect(calls.map(({ model, ended }) => [model, ended])).toEqual([
    [FIRST, 'client_gone'],
    [SECOND, 'completed'],
  ])
})
