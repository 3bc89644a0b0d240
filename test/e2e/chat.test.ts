import { beforeEach, describe, expect, it } from 'vitest'
import { collect, textOf } from '../harness/api.ts'
import { api, simulator } from '../harness/shared.ts'

const say = (text: string) => [{ role: 'user' as const, content: text }]

beforeEach(() => simulator.reset())

describe('the official client, with nothing changed but base URL and key', () => {
  it('gets one answer', async () => {
    const { data, response } = await api.openai.chat.completions
      .create({ model: 'gpt-5-4-mini', messages: say('echo: good morning') })
      .withResponse()
    expect(data.choices[0]!.message.content).toBe('good morning')
    expect(data.usage!.total_tokens).toBe(data.usage!.prompt_tokens + data.usage!.completion_tokens)
    expect(data.system_fingerprint).toBe('simulator')
    expect(response.headers.get('x-request-id')).toMatch(/^job_/)
    expect(response.headers.get('x-switchyard-deployment')).toContain('gpt-mini')
    expect(response.headers.get('x-switchyard-deployment')).toContain('simulator')
    expect(response.headers.get('x-switchyard-attempts')).toBe('1')
    expect(Number(response.headers.get('x-switchyard-cost-usd'))).toBeGreaterThan(0)
  })

  it.each(['claude-4-7-opus', 'gpt-5-5-pro', 'gemini-3-1-pro', 'claude-haiku-4-5', 'deepseek-v4-flash'])(
    'streams %s to its end',
    async (model) => {
      const stream = await api.openai.chat.completions.create({
        model,
        messages: say('echo: one two three'),
        stream: true,
      })
      let text = ''
      let finish: string | null = null
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? ''
        finish = chunk.choices[0]?.finish_reason ?? finish
        expect(chunk.usage ?? null).toBeNull()
      }
      expect(text).toBe('one two three')
      expect(finish).toBe('stop')
    },
  )

  it.each(['claude-4-7-opus', 'gpt-5-4-mini', 'gemini-3-1-pro'])(
    'tells the usage of a stream of %s when asked',
    async (model) => {
      const stream = await api.openai.chat.completions.create({
        model,
        messages: say('echo: one two three'),
        stream: true,
        stream_options: { include_usage: true },
      })
      const usages = []
      for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage)
      expect(usages).toHaveLength(1)
      expect(usages[0]!.completion_tokens).toBeGreaterThan(0)
    },
  )

  it('works with temperature on a model that takes none, and says so', async () => {
    const { data, response } = await api.openai.chat.completions
      .create({ model: 'claude-4-7-opus', messages: say('echo: hi'), temperature: 0.2, stream: true })
      .withResponse()
    for await (const _ of data);
    expect(response.headers.get('x-switchyard-dropped')).toBe('temperature')
  })

  it('refuses a schema for a model that has none, naming it', async () => {
    await expect(
      api.openai.chat.completions.create({
        model: 'deepseek-v4-flash',
        messages: say('hi'),
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
      }),
    ).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'response_format' })
  })

  it.each(['claude-4-7-opus', 'gpt-5-4-mini', 'gemini-3-1-pro'])('answers a schema with %s', async (model) => {
    const completion = await api.openai.chat.completions.create({
      model,
      messages: say('The licence of this library is MIT. It was written by Ada in 1843.'),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'facts',
          strict: true,
          schema: {
            type: 'object',
            properties: { licence: { type: 'string', enum: ['MIT', 'Apache-2.0'] }, year: { type: 'integer' } },
            required: ['licence', 'year'],
            additionalProperties: false,
          },
        },
      },
    })
    const facts = JSON.parse(completion.choices[0]!.message.content!)
    expect(facts.licence).toBe('MIT')
    expect(Number.isInteger(facts.year)).toBe(true)
  })

  it.each(['claude-4-7-opus', 'gpt-5-4-mini', 'gemini-3-1-pro'])(
    'calls tools with %s, in parallel, and takes their results',
    async (model) => {
      const tool = (name: string) => ({
        type: 'function' as const,
        function: {
          name,
          description: `Looks up ${name}`,
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      })
      const tools = [tool('get_weather'), tool('get_time')]
      const messages = say('Use get_weather and get_time for Paris.')
      const stream = api.openai.chat.completions.stream({ model, messages, tools })
      const { choices } = await stream.finalChatCompletion()
      const { message, finish_reason } = choices[0]!
      expect(finish_reason).toBe('tool_calls')
      const calls = message.tool_calls!.map((call) => {
        if (call.type !== 'function') throw new Error(`unexpected ${call.type}`)
        return { id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) }
      })
      expect(calls.map(({ name }) => name).sort()).toEqual(['get_time', 'get_weather'])
      for (const { args } of calls) expect(typeof args.city).toBe('string')

      const answer = await api.openai.chat.completions.create({
        model,
        tools,
        messages: [
          ...messages,
          { role: 'assistant', tool_calls: message.tool_calls! },
          ...calls.map(({ id, name }) => ({
            role: 'tool' as const,
            tool_call_id: id,
            content: `result of ${name}: 42`,
          })),
        ],
      })
      expect(answer.choices[0]!.message.content).toContain('42')
    },
  )

  it('lists and retrieves models', async () => {
    const models = []
    for await (const model of api.openai.models.list()) models.push(model.id)
    expect(models).toEqual(expect.arrayContaining(['claude-4-7-opus', 'gpt-5-5-pro']))
    expect(await api.openai.models.retrieve('claude-4-7-opus')).toMatchObject({
      id: 'claude-4-7-opus',
      object: 'model',
    })
    await expect(api.openai.models.retrieve('nobody')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  })

  it('gets 401 for a wrong key, 404 for an unknown model, 400 with the path of what is wrong', async () => {
    const stranger = api.openai.withOptions({ apiKey: 'sk-sy-wrong-wrong-wrong-wrong' })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    await expect(api.openai.chat.completions.create({ model: 'nobody', messages: say('hi') })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
    const wrong = { model: 'gpt-5-4-mini', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }
    await expect(api.openai.chat.completions.create(wrong as never)).rejects.toMatchObject({
      status: 400,
      param: 'messages[0].content[0].image_url',
    })
  })

  it('pays what the ledger of the provider says', async () => {
    const { response } = await api.openai.chat.completions
      .create({ model: 'gpt-5-4-mini', messages: say('Summarise: the quick brown fox jumps over the lazy dog.') })
      .withResponse()
    const id = response.headers.get('x-request-id')!
    const [call] = await simulator.callsOf(id)
    const job = await api.job(id)
    expect(job.usage).toMatchObject({ input_tokens: call!.promptTokens, output_tokens: call!.completionTokens })
    expect(call!.clientRequestId).toBe(`${id}.1`)
  })
})

describe('the wire', () => {
  it('numbers events 0, 1, 2 … and ends with [DONE]', async () => {
    const { events, broken } = await collect(
      await api.chat({ model: 'gpt-5-4-mini', messages: say('echo: a b c d e f'), stream: true }),
    )
    expect(broken).toBe(false)
    expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i))
    expect(events.at(-1)).toMatchObject({ data: '[DONE]', event: null })
    expect(textOf(events)).toBe('a b c d e f')
  })

  it('keeps unknown parameters for a provider of the same dialect, never the switchyard object', async () => {
    const response = await api.chat({
      model: 'gpt-5-4-mini',
      messages: say('echo: ok'),
      prompt_cache_key: 'k',
      switchyard: { tags: { team: 'x' } },
    })
    expect(response.status).toBe(200)
  })

  it('serves its description and docs without a key', async () => {
    const description = (await (await fetch(`${api.stack.url}/openapi.json`)).json()) as { paths: object }
    expect(Object.keys(description.paths)).toEqual(
      expect.arrayContaining(['/v1/chat/completions', '/v1/jobs/{job_id}']),
    )
    for (const path of ['/docs', '/healthz', '/readyz']) expect((await fetch(api.stack.url + path)).status).toBe(200)
  })
})
