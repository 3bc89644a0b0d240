import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from './testing/simulator-bundle.ts'

let bundle: SimulatorBundle
beforeAll(async () => {
  bundle = await simulatorBundle()
})
beforeEach(() => bundle.reset())
afterAll(() => bundle.stop())

/** 20,000 characters are 5,000 tokens here. */
const DOCUMENT = 'All work and no play. '.repeat(910).slice(0, 20_000)

describe('Anthropic', () => {
  const ask = async (question: string, marks: { model?: string; system?: '5m' | '1h'; document?: '5m' | '1h' }) => {
    const control = (ttl: '5m' | '1h' | undefined) =>
      (ttl && { cache_control: { type: 'ephemeral' as const, ttl } }) ?? {}
    const message = await bundle.anthropic().messages.create({
      model: marks.model ?? 'claude-opus-4-7',
      max_tokens: 50,
      system: [{ type: 'text', text: 'Be brief. '.repeat(2_000), ...control(marks.system) }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: DOCUMENT, ...control(marks.document) },
            { type: 'text', text: question },
          ],
        },
      ],
    })
    return message.usage
  }

  test('what is marked is written once and read by every other question', async () => {
    expect(await ask('one', { document: '5m' })).toMatchObject({
      cache_creation_input_tokens: 10_000,
      cache_read_input_tokens: 0,
      input_tokens: 1,
    })
    expect(await ask('two', { document: '5m' })).toMatchObject({
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 10_000,
      input_tokens: 1,
    })
    expect(await ask('six', {})).toMatchObject({ cache_read_input_tokens: 0, input_tokens: 10_001 })
  })

  test('what is kept an hour is told apart', async () => {
    const usage = await ask('one', { system: '1h', document: '5m' })
    expect(usage.cache_creation).toEqual({ ephemeral_1h_input_tokens: 5_000, ephemeral_5m_input_tokens: 5_000 })
  })

  test('each model has its minimum', async () => {
    const short = async (model: string) => {
      const content: Anthropic.TextBlockParam[] = [
        { type: 'text', text: 'x'.repeat(6_000), cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'y'.repeat(40_000) },
      ]
      const messages = [{ role: 'user' as const, content }]
      return (await bundle.anthropic().messages.create({ model, max_tokens: 50, messages })).usage
    }
    expect(await short('claude-opus-4-7')).toMatchObject({ cache_creation_input_tokens: 0 })
    expect(await short('claude-sonnet-4-5')).toMatchObject({ cache_creation_input_tokens: 1_500 })
  })

  test('what the API refuses', async () => {
    await expect(ask('one', { system: '5m', document: '1h' })).rejects.toThrow(
      /messages\.0\.content\.0\.cache_control\.ttl: a ttl='1h' cache_control block must not come after/,
    )
    const block = { type: 'text' as const, text: 'x', cache_control: { type: 'ephemeral' as const } }
    const refused = (content: Anthropic.TextBlockParam[]) =>
      bundle
        .anthropic()
        .messages.create({ model: 'claude-opus-4-7', max_tokens: 9, messages: [{ role: 'user', content }] })
    await expect(refused(Array(5).fill(block))).rejects.toThrow(/A maximum of 4 blocks .* Found 5/)
    await expect(refused([{ ...block, text: '' }, block])).rejects.toThrow(/messages\.0\.content\.0\.text: /)
  })
})

describe('OpenAI', () => {
  type Params = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>
  const ask = async (
    question: string,
    more: Params = {},
    mark?: OpenAI.ChatCompletionContentPartText.PromptCacheBreakpoint,
  ) => {
    const content = [
      { type: 'text' as const, text: DOCUMENT, ...(mark && { prompt_cache_breakpoint: mark }) },
      { type: 'text' as const, text: question },
    ]
    const { usage } = await bundle
      .openai()
      .chat.completions.create({ model: 'gpt-5.5', messages: [{ role: 'user', content }], ...more })
    const { cached_tokens: read = 0, cache_write_tokens: written = 0 } = usage!.prompt_tokens_details!
    return { read, written }
  }

  test('caches by itself, for calls of the same key', async () => {
    expect(await ask('one')).toEqual({ read: 0, written: 0 })
    expect(await ask('two')).toEqual({ read: 4_992, written: 0 })
    expect(await ask('six', { prompt_cache_key: 'elsewhere' })).toEqual({ read: 0, written: 0 })
    expect(await ask('ten', { prompt_cache_key: 'elsewhere' })).toEqual({ read: 4_992, written: 0 })
  })

  test('from GPT-5.6 on at breakpoints alone, and writes cost', async () => {
    const model = 'gpt-5.6'
    expect(await ask('one', { model })).toEqual({ read: 0, written: 5_001 })
    expect(await ask('two', { model })).toEqual({ read: 0, written: 5_001 })
    const options: Params = { model, prompt_cache_options: { mode: 'explicit' } }
    expect(await ask('six', options, { mode: 'explicit' })).toEqual({ read: 0, written: 5_000 })
    expect(await ask('ten', options, { mode: 'explicit' })).toEqual({ read: 5_000, written: 0 })
  })

  test('the same in the Responses API', async () => {
    const respond = async (question: string) => {
      const content: OpenAI.Responses.ResponseInputText[] = [
        { type: 'input_text', text: DOCUMENT, prompt_cache_breakpoint: { mode: 'explicit' } },
        { type: 'input_text', text: question },
      ]
      const input = [{ role: 'user' as const, content }]
      const { usage } = await bundle
        .openai()
        .responses.create({ model: 'gpt-5.6', input, store: false, prompt_cache_options: { mode: 'explicit' } })
      return usage!.input_tokens_details
    }
    expect(await respond('one')).toMatchObject({ cached_tokens: 0, cache_write_tokens: 5_000 })
    expect(await respond('two')).toMatchObject({ cached_tokens: 5_000, cache_write_tokens: 0 })
  })

  test('older models don’t know breakpoints', async () => {
    await expect(ask('one', {}, { mode: 'explicit' })).rejects.toMatchObject({
      status: 400,
      param: 'messages[0].content[0].prompt_cache_breakpoint',
    })
    await expect(ask('one', { prompt_cache_options: { mode: 'explicit' } })).rejects.toMatchObject({
      param: 'prompt_cache_options',
    })
  })
})

test('what is in the cache has not to be read: the first token comes sooner', async () => {
  await bundle.model('claude-opus-4-7', { firstTokenMs: 5, readMsPerKTok: 300 })
  const firstTokenMs = async (question: string) => {
    const startMs = performance.now()
    const stream = bundle.anthropic().messages.stream({
      model: 'claude-opus-4-7',
      max_tokens: 50,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: DOCUMENT, cache_control: { type: 'ephemeral' } },
            { type: 'text', text: question },
          ],
        },
      ],
    })
    for await (const event of stream) if (event.type === 'content_block_delta') break
    return performance.now() - startMs
  }
  const written = await firstTokenMs('one')
  const read = await firstTokenMs('two')
  expect(written).toBeGreaterThan(1_500)
  expect(read).toBeLessThan(written / 2)
})
