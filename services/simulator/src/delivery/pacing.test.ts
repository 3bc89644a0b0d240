import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
afterAll(() => bundle.stop())

const messages = [{ role: 'user', content: 'length: 20 chunks' }]

test('the default pace: 80 ms to the first token, 15 ms between chunks', async () => {
  expect(await bundle.control('POST', 'reset')).toEqual({ reset: true })
  expect(await bundle.control('GET', 'models')).toMatchObject({
    defaults: { firstTokenMs: 80, chunkDelayMs: 15, jitterMs: 0, chunks: null },
  })
})

test('chunks come at their time, and lateness does not add up', async () => {
  await bundle.model('gpt-5.5', { firstTokenMs: 40, chunkDelayMs: 10 })
  const startMs = performance.now()
  const response = await bundle.post('/openai/v1/chat/completions', { model: 'gpt-5.5', messages, stream: true })
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(38)
  let text = ''
  let pieces = 0
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece
    pieces++
  }
  const tookMs = performance.now() - startMs
  expect(text.match(/"content":"[^"]/g)).toHaveLength(20)
  expect(pieces).toBeGreaterThan(5)
  // 40 + 19 × 10: never early; how late is the machine's affair.
  expect(tookMs).toBeGreaterThanOrEqual(228)
})

test('an answer in one piece waits for the first token only', async () => {
  await bundle.model('gpt-5-mini', { firstTokenMs: 30, chunkDelayMs: 60_000 })
  const startMs = performance.now()
  const response = await bundle.post('/openai/v1/chat/completions', { model: 'gpt-5-mini', messages })
  await response.json()
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(28)
})

test('a reader that is slow gets everything all the same', async () => {
  await bundle.model('gpt-4o', { firstTokenMs: 0, chunkDelayMs: 0 })
  const body = {
    model: 'gpt-4o',
    stream: true,
    messages: [{ role: 'user', content: `echo: ${'long text '.repeat(40_000)}` }],
  }
  const response = await bundle.post('/openai/v1/chat/completions', body, { 'x-client-request-id': 'slow' })
  expect(await bundle.ledger('clientRequestId=slow')).toHaveLength(1)
  const text = await response.text()
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(await bundle.ended('slow')).toMatchObject({ ended: 'complete', completionTokens: 100_000 })
})
