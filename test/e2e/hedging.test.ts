import { expect, it } from 'vitest'
import type { JobObject } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

const [FIRST, SECOND] = ['gpt-5.4-hedged-a', 'gpt-5.4-hedged-b']
/** Twenty first calls earn one hedge, and as many tell how soon a first token mostly comes. */
const ENOUGH_CALLS = 100
const LATE_MS = 4_000
/** What was seen of those calls reaches every worker within some seconds. */
const TRIES = 3
const messages = [{ role: 'user' as const, content: 'echo: one two three four' }]

async function ask(): Promise<{ text: string; response: Response; job: JobObject }> {
  const { data, response } = await api.openai.chat.completions
    .create({ model: 'hedged', messages, stream: true })
    .withResponse()
  let text = ''
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ''
  return { text, response, job: await api.ended(response.headers.get('x-request-id')!) }
}

it('a first token that is late is asked for elsewhere too: the client gets the sooner one, and sees what the other cost', async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 20, chunkDelayMs: 1 })
  for (let i = 0; i < ENOUGH_CALLS; i += 10) await Promise.all(Array.from({ length: 10 }, ask))
  await simulator.model(FIRST!, { firstTokenMs: LATE_MS, chunkDelayMs: 1 })
  await simulator.model(SECOND!, { firstTokenMs: 20, chunkDelayMs: 1 })
  let asked = await ask()
  for (let tries = 1; tries < TRIES && asked.job.attempts.length < 2; tries++) asked = await ask()
  const { text, response, job } = asked
  expect(text).toBe('one two three four')
  expect(response.headers.get('x-switchyard-deployment')).toBe('hedged-b (simulator)')
  expect(Number(job.completed_at) - Number(job.started_at)).toBeLessThan(LATE_MS / 1_000)
  expect(job).toMatchObject({
    status: 'completed',
    attempts: [
      { deployment: 'hedged-a', status: 'cancelled', error_code: null },
      { deployment: 'hedged-b', status: 'completed' },
    ],
  })
  for (const { cost_usd } of job.attempts) expect(cost_usd).toBeGreaterThan(0)
  await expect
    .poll(async () => (await simulator.callsOf(job.id)).map(({ model, ended }) => [model, ended]))
    .toEqual([
      [FIRST, 'client_gone'],
      [SECOND, 'complete'],
    ])
})
