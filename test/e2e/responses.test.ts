import type { Response } from 'openai/resources/responses/responses'
import { beforeEach, describe, expect, it } from 'vitest'
import { collect, events, type SseEvent } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

/** Through pass-through, through chat of the same kind, and through both translations. */
const MODELS = [
  ['gpt-5-5-pro', 'gpt'],
  ['gpt-5-4-mini', 'gpt-mini'],
  ['claude-4-7-opus', 'opus'],
  ['gemini-3-1-pro', 'gemini'],
] as const
const WORDS = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu'
const { responses } = api.openai
const jobOf = (responseId: string) => `job_${responseId.slice(5)}`

const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'The weather of a city',
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const PERSON = {
  type: 'json_schema' as const,
  name: 'person',
  strict: true,
  schema: {
    type: 'object',
    properties: { title: { type: 'string' }, count: { type: 'integer' } },
    required: ['title', 'count'],
    additionalProperties: false,
  },
}

beforeEach(async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 5, chunkDelayMs: 1 })
})

/** No other deployment, even if an earlier suite has left this one with little capacity. */
const only = (deployment: string) => ({ switchyard: { allow: [deployment] } })

describe.each(MODELS)('%s, asked by the official client', (model, deployment) => {
  it('gives a response, which can be retrieved, and is a job', async () => {
    const { data, response } = await responses
      .create({
        model,
        instructions: 'Be brief.',
        input: 'echo: good morning',
        metadata: { for: 'test' },
        ...only(deployment),
      })
      .withResponse()
    expect(data).toMatchObject({
      object: 'response',
      status: 'completed',
      output_text: 'good morning',
      instructions: 'Be brief.',
      metadata: { for: 'test' },
      store: true,
      background: false,
      error: null,
    })
    expect(data.usage!.total_tokens).toBe(data.usage!.input_tokens + data.usage!.output_tokens)
    expect(response.headers.get('x-request-id')).toBe(jobOf(data.id))
    expect(response.headers.get('x-switchyard-deployment')).toBe(`${deployment} (simulator)`)
    expect(await responses.retrieve(data.id)).toEqual(data)
    expect(await api.job(jobOf(data.id))).toMatchObject({ status: 'completed', endpoint: '/v1/responses', model })
  })

  it('streams events that add up, each with its number as SSE id and its type as SSE event', async () => {
    const stream = responses.stream({ model, input: `echo: ${WORDS}`, ...only(deployment) })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    const final = await stream.finalResponse()
    expect(final.output_text).toBe(WORDS)
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ])
    expect(types.slice(-4)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect((await responses.retrieve(final.id)).output_text).toBe(WORDS)
    const { events: raw } = await collect(await api.fetch(`/v1/jobs/${jobOf(final.id)}/events`))
    for (const { id, event, data } of raw) {
      expect(JSON.parse(data)).toMatchObject({ type: event, sequence_number: id })
    }
    expect(raw.map(({ event }) => event)).toEqual(types)
  })

  it.each(['create', 'stream'])('calls a tool and takes its result (%s)', async (how) => {
    const input = 'Use get_weather for Oslo, please.'
    const ask = { model, input, tools: [WEATHER], ...only(deployment) }
    const asked: Response = how === 'create' ? await responses.create(ask) : await responses.stream(ask).finalResponse()
    const call = asked.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))[0]!
    expect(call).toMatchObject({ name: 'get_weather', status: 'completed' })
    expect(JSON.parse(call.arguments)).toHaveProperty('city')
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'It is sunny.' }
    const chained = await responses.create({ ...ask, previous_response_id: asked.id, input: [result] })
    expect(chained.output_text).toContain('sunny')
    expect(chained.previous_response_id).toBe(asked.id)
    const { data: items } = await responses.inputItems.list(chained.id, { order: 'asc' })
    expect(items.filter(({ type }) => type !== 'reasoning').map(({ type }) => type)).toEqual([
      'message',
      'function_call',
      'function_call_output',
    ])
  })

  it('fills a schema', async () => {
    const input = 'Extract.\n\n# Left Pad\n\nPads strings. It has 42 users.'
    const parsed = await responses.parse({ model, input, text: { format: PERSON } })
    expect(JSON.parse(parsed.output_text)).toEqual({ title: expect.any(String), count: expect.any(Number) })
  })

  it('says when it was cut, streamed or not', async () => {
    const ask = { model, input: `echo: ${'word '.repeat(300)}`, max_output_tokens: 20, ...only(deployment) }
    const cut = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    expect(await responses.create(ask)).toMatchObject(cut)
    const { events: raw } = await collect(await api.fetch('/v1/responses', { json: { ...ask, stream: true } }))
    expect(raw.at(-1)!.event).toBe('response.incomplete')
    expect(JSON.parse(raw.at(-1)!.data).response).toMatchObject(cut)
  })
})

it.each(['claude-4-7-opus', 'gpt-5-5-pro'])('%s looks at pictures and remembers the conversation', async (model) => {
  const image_url = `data:image/png;base64,${Buffer.from('not really').toString('base64')}`
  const content = [
    { type: 'input_text' as const, text: 'What is this?' },
    { type: 'input_image' as const, image_url, detail: 'auto' as const },
  ]
  const first = await responses.create({ model, input: [{ role: 'user', content }] })
  const second = await responses.create({ model, previous_response_id: first.id, input: 'echo: second' })
  const third = await responses.create({ model, previous_response_id: second.id, input: 'echo: third' })
  const { data: items } = await responses.inputItems.list(third.id, { order: 'asc' })
  expect(items.map((item) => ('role' in item ? item.role : item.type))).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
  ])
  const page = await responses.inputItems.list(third.id, { limit: 2, order: 'asc', after: items[0]!.id })
  expect(page.data).toEqual(items.slice(1, 3))
  expect(page.has_more).toBe(true)
  expect(third.usage!.input_tokens).toBeGreaterThan(second.usage!.input_tokens)
})

it('a chat client gets a model that is served through the Responses API alone', async () => {
  const messages = [{ role: 'user' as const, content: 'Use get_weather for Oslo.' }]
  const { data, response } = await api.openai.chat.completions
    .create({ model: 'gpt-5-5-pro', messages, tools: [{ type: 'function', function: { name: 'get_weather' } }] })
    .withResponse()
  expect(response.headers.get('x-switchyard-deployment')).toContain('gpt')
  expect(data.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ type: 'function' }] },
  })
  const stream = await api.openai.chat.completions.create({
    model: 'gpt-5-5-pro',
    messages: [{ role: 'user', content: `echo: ${WORDS}` }],
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe(WORDS)
})

describe('in the background', () => {
  it('is queued at once, then in progress, then completed', async () => {
    await simulator.model('gpt-5.4-mini', { firstTokenMs: 300 })
    const ask = { model: 'gpt-5-4-mini', input: 'echo: later', background: true }
    const queued = await responses.create(ask)
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [] })
    await simulator.until(jobOf(queued.id), (calls) => calls.length > 0)
    expect((await responses.retrieve(queued.id)).status).toBe('in_progress')
    await api.ended(jobOf(queued.id))
    expect(await responses.retrieve(queued.id)).toMatchObject({
      status: 'completed',
      output_text: 'later',
      background: true,
    })
  })

  it('is cancelled, streamed or not, and keeps what it had said', async () => {
    await simulator.model('gpt-5.4-mini', { firstTokenMs: 5_000 })
    const ask = { model: 'gpt-5-4-mini', input: 'Tell me a long story', background: true }
    const { id } = await responses.create(ask)
    expect(await responses.cancel(id)).toMatchObject({ id, status: 'cancelled', error: { code: 'job_cancelled' } })
    expect(await responses.cancel(id)).toMatchObject({ status: 'cancelled' })

    await simulator.model('gpt-5.4-mini', { firstTokenMs: 5, chunkDelayMs: 50, chunks: 1_000 })
    const stream = await responses.create({ ...ask, stream: true })
    let streamed = ''
    let last = ''
    let deltas = 0
    for await (const event of stream) {
      if (event.type === 'response.created') streamed = event.response.id
      if (event.type === 'response.output_text.delta' && ++deltas === 3) void responses.cancel(streamed)
      last = event.type
    }
    expect(last).toBe('response.failed')
    const now = await responses.retrieve(streamed)
    expect(now).toMatchObject({ status: 'cancelled', background: true })
    expect(now.output_text.length).toBeGreaterThan(0)
    expect(now.output[0]).toMatchObject({ type: 'message', status: 'incomplete' })
  })

  it('can be left and followed again, byte for byte, by number and by Last-Event-ID', async () => {
    await simulator.model('claude-opus-4-7', { chunkDelayMs: 15, chunks: 40 })
    const gone = new AbortController()
    const ask = { model: 'claude-4-7-opus', input: 'Tell me a long story', background: true, stream: true }
    const response = await api.fetch('/v1/responses', { json: ask, signal: gone.signal })
    const jobId = response.headers.get('x-request-id')!
    const id = `resp_${jobId.slice(4)}`
    const seen: SseEvent[] = []
    try {
      for await (const event of events(response)) if (seen.push(event) === 5) gone.abort()
    } catch {
      // Our own abort.
    }
    seen.length = 5
    const path = `/v1/responses/${id}?stream=true`
    const byNumber = await collect(await api.fetch(`${path}&starting_after=${seen.at(-1)!.id}`))
    const byHeader = await collect(await api.fetch(path, { headers: { 'last-event-id': String(seen.at(-1)!.id) } }))
    const whole = await collect(await api.fetch(path))
    expect([...seen, ...byNumber.events]).toEqual(whole.events)
    expect(byHeader.events).toEqual(byNumber.events)
    expect(await simulator.callsOf(jobId)).toHaveLength(1)
    const again = responses.stream({ response_id: id, starting_after: 5 })
    const numbers: number[] = []
    for await (const { sequence_number } of again) numbers.push(sequence_number)
    expect(numbers).toEqual(whole.events.slice(6).map(({ id: number }) => number))
    expect((await again.finalResponse()).output_text).toBe((await responses.retrieve(id)).output_text)
  })
})

describe('failover', () => {
  it('between both APIs and a translation keeps ids and numbers', async () => {
    await simulator.fault({ kind: 'status', status: 503, model: 'gpt-5.5-pro' })
    const stream = responses.stream({ model: 'gpt-5-5-pro', input: `echo: ${WORDS}` })
    const numbers: number[] = []
    for await (const { sequence_number } of stream) numbers.push(sequence_number)
    const final = await stream.finalResponse()
    expect(final.output_text).toBe(WORDS)
    expect(numbers).toEqual(numbers.map((_, i) => i))
    const { attempts } = await api.job(jobOf(final.id))
    expect(attempts.at(-1)!.deployment).toBe('opus')
  })

  it('of everything is an HTTP error for who waits, and a failed response for who comes later', async () => {
    await simulator.fault({ kind: 'status', status: 500, model: 'gpt-5.4-mini' })
    const ask = { model: 'alone', input: 'echo: x' }
    await expect(responses.create(ask)).rejects.toMatchObject({ status: 502, code: 'provider_error' })
    await expect(responses.create({ ...ask, stream: true })).rejects.toMatchObject({ status: 502 })
    // Who waits for nothing is not failed by an outage: it is tried again for as long as its deadline lets it.
    const patient = { ...ask, background: true, switchyard: { deadline: 3 } }
    const { id } = await responses.create(patient)
    await api.ended(jobOf(id))
    expect(await responses.retrieve(id)).toMatchObject({ status: 'failed', error: { code: 'provider_error' } })
  })

  it.each(['gpt-5-5-pro', 'alone'])(
    'in the middle of a shown stream of %s ends with response.failed',
    async (model) => {
      await simulator.fault({ kind: 'cut', afterChunks: 3 })
      await simulator.model('*', { chunkDelayMs: 20, chunks: 10 })
      const response = await api.fetch('/v1/responses', { json: { model, input: 'Tell me a story', stream: true } })
      const { events: raw, broken } = await collect(response)
      expect(broken).toBe(false)
      expect(raw.at(-1)!.event).toBe('response.failed')
      const last = JSON.parse(raw.at(-1)!.data)
      expect(last).toMatchObject({ sequence_number: raw.length - 1, response: { status: 'failed' } })
      const now = await responses.retrieve(last.response.id)
      expect(now.status).toBe('failed')
      expect(now.output_text.length).toBeGreaterThan(0)
    },
  )
})

it('that may start over says so, and what counts is the last attempt', async () => {
  await simulator.fault({ kind: 'cut', afterChunks: 3, times: 1, model: 'gpt-5.4-mini' })
  await simulator.model('gpt-5.4-mini', { chunkDelayMs: 20 })
  const ask = { model: 'alone', input: `echo: ${WORDS}`, stream: true, switchyard: { on_break: 'restart' } }
  const { events: raw } = await collect(await api.fetch('/v1/responses', { json: ask }))
  const at = raw.findIndex(({ event }) => event === 'switchyard.restarted')
  expect(JSON.parse(raw[at]!.data)).toEqual({
    type: 'switchyard.restarted',
    sequence_number: at,
    attempt: 2,
    discard_before: at,
  })
  expect(raw[at + 1]!.event).toBe('response.created')
  expect(raw.map(({ data }) => JSON.parse(data).sequence_number)).toEqual(raw.map((_, i) => i))
  const { response } = JSON.parse(raw.at(-1)!.data)
  expect(await responses.retrieve(response.id)).toMatchObject({ status: 'completed', output_text: WORDS })
})

it('deleted is gone: for reading, for events, for those that would follow', async () => {
  const { id } = await responses.create({ model: 'gpt-5-4-mini', input: 'echo: secret' })
  await responses.delete(id)
  await expect(responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
  await expect(responses.inputItems.list(id)).rejects.toMatchObject({ status: 404 })
  await expect(
    responses.create({ model: 'gpt-5-4-mini', input: 'hi', previous_response_id: id }),
  ).rejects.toMatchObject({ status: 404, code: 'previous_response_not_found', param: 'previous_response_id' })
  expect((await api.fetch(`/v1/jobs/${jobOf(id)}/events`)).status).toBe(410)
  expect((await api.fetch(`/v1/jobs/${jobOf(id)}/result`)).status).toBe(410)
})
