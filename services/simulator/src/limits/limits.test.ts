import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
afterEach(() => bundle.reset())
afterAll(() => bundle.stop())

const messages = [{ role: 'user' as const, content: 'echo: hello' }]

test('openai: requests per minute, for each key and model', async () => {
  await bundle.model('gpt-5.5', { rpm: 2 })
  const ask = (model = 'gpt-5.5', key = 'key') =>
    bundle.openai(key).chat.completions.create({ model, messages }).withResponse()
  expect((await ask()).response.headers.get('x-ratelimit-remaining-requests')).toBe('1')
  await ask()
  const refused = ask()
  await expect(refused).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' })
  const headers = await refused.then(
    () => new Headers(),
    (error: { headers: Headers }) => error.headers,
  )
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(50)
  expect(headers.get('x-ratelimit-remaining-requests')).toBe('0')
  await ask('gpt-5.5', 'other')
  await ask('gpt-5-mini')
})

test('anthropic: tokens per minute', async () => {
  // 3 tokens in, 2 out.
  await bundle.model('claude-opus-4-7', { tpm: 9 })
  const ask = () => bundle.anthropic().messages.create({ model: 'claude-opus-4-7', max_tokens: 9, messages })
  await ask()
  const error = await ask().then(
    () => null,
    (caught: { status: number; headers: Headers; message: string }) => caught,
  )
  expect(error).toMatchObject({ status: 429, message: expect.stringContaining('rate limit of 9 tokens per minute') })
  expect(Number(error!.headers.get('retry-after'))).toBeGreaterThan(50)
  expect(error!.headers.get('anthropic-ratelimit-tokens-limit')).toBe('9')
})

test('google: the window can be shortened, and is open again after it', async () => {
  await bundle.model('gemini-2.5-flash', { rpm: 1, windowMs: 600 })
  const ask = () =>
    bundle.post('/google/v1beta/models/gemini-2.5-flash:generateContent', { contents: [{ parts: [{ text: 'hi' }] }] })
  expect((await ask()).status).toBe(200)
  const refused = await ask()
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({
    error: {
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { '@type': expect.stringContaining('QuotaFailure') },
        { '@type': expect.stringContaining('RetryInfo'), retryDelay: expect.stringMatching(/^0\.\d+s$/) },
      ],
    },
  })
  await expect.poll(async () => (await ask()).status, { interval: 50, timeout: 3_000 }).toBe(200)
})

test('calls at once: a slot is free again when a call has ended, however it ends', async () => {
  await bundle.model('gpt-5.5', { inFlight: 1, chunks: 3 })
  await bundle.fault({ kind: 'stall', times: 1 })
  const headers = { 'x-client-request-id': 'first' }
  const body = { model: 'gpt-5.5', messages, stream: true }
  const first = await bundle.post('/openai/v1/chat/completions', body, headers)
  const second = await bundle.post('/openai/v1/chat/completions', body)
  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await second.json()).toMatchObject({
    error: { type: 'in_flight', message: expect.stringContaining('concurrent requests') },
  })
  await first.body!.cancel()
  await bundle.ended('first')
  expect((await bundle.post('/openai/v1/chat/completions', body)).status).toBe(200)
})

test('settings are merged, listed and checked', async () => {
  expect(await bundle.model('gpt-5.5', { rpm: 5 })).toMatchObject({
    model: 'gpt-5.5',
    rpm: 5,
    firstTokenMs: 0,
    inFlight: 100_000,
  })
  await bundle.model('gpt-5.5', { chunks: 7 })
  await bundle.model('*', { tpm: 1234 })
  expect(await bundle.control('GET', 'models')).toMatchObject({
    defaults: { tpm: 1234, rpm: 100_000 },
    models: { 'gpt-5.5': { rpm: 5, chunks: 7, tpm: 1234 } },
  })
  await expect(bundle.model('gpt-5.5', { rpm: -1 })).rejects.toThrow('400')
  await expect(bundle.model('gpt-5.5', { speed: 1 })).rejects.toThrow('400')
})
