import { ApiError, FunctionCallingConfigMode, type GoogleGenAI } from '@google/genai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'

let bundle: SimulatorBundle
let client: GoogleGenAI
beforeAll(async () => {
  bundle = await simulatorBundle()
  client = bundle.google()
})
afterAll(() => bundle.stop())

const model = 'gemini-2.5-flash'
const README =
  'Summarise.\n\n# Left Pad\n\nPads strings, by Ada Lovelace. It has 42 users.\n\nReleased under the MIT license.'
const WEATHER = {
  name: 'get_weather',
  parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const TIME = { name: 'get_time', parametersJsonSchema: { type: 'object', properties: {} } }
const tools = [{ functionDeclarations: [WEATHER, TIME] }]

test('an answer is about the document it was given', async () => {
  const response = await client.models.generateContent({
    model,
    contents: README,
    config: { systemInstruction: 'Be brief.' },
  })
  expect(response.text).toContain('Left Pad: Pads strings, by Ada Lovelace.')
  expect(response.candidates![0]).toMatchObject({ finishReason: 'STOP', content: { role: 'model' } })
  expect(response.modelVersion).toBe(model)
  const prompt = Math.ceil((README.length + 'Be brief.'.length) / 4)
  const output = Math.ceil(response.text!.length / 4)
  expect(response.usageMetadata).toMatchObject({
    promptTokenCount: prompt,
    candidatesTokenCount: output,
    totalTokenCount: prompt + output,
  })
})

test('a stream has the same text and a finish reason on its last chunk only', async () => {
  const whole = await client.models.generateContent({ model, contents: README })
  const chunks = await Array.fromAsync(await client.models.generateContentStream({ model, contents: README }))
  expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe(whole.text)
  expect(chunks.map((chunk) => chunk.candidates![0]!.finishReason).filter(Boolean)).toEqual(['STOP'])
  expect(chunks.at(-1)!.candidates![0]!.finishReason).toBe('STOP')
  expect(chunks.at(-1)!.usageMetadata).toMatchObject({ totalTokenCount: whole.usageMetadata!.totalTokenCount })
})

test('functions are called in parallel and their responses quoted', async () => {
  const asked = { role: 'user', parts: [{ text: 'Use get_time and get_weather for Paris please' }] }
  const chunks = await Array.fromAsync(
    await client.models.generateContentStream({ model: 'gemini-3-pro-preview', contents: [asked], config: { tools } }),
  )
  const parts = chunks
    .flatMap((chunk) => chunk.candidates![0]!.content!.parts!)
    .filter((part) => part.functionCall !== undefined)
  expect(parts.map((part) => [part.functionCall!.name, part.functionCall!.args])).toEqual([
    ['get_time', {}],
    ['get_weather', { city: 'Paris' }],
  ])
  expect(parts.map((part) => part.thoughtSignature === undefined)).toEqual([false, true])
  const responses = parts.map((part) => ({
    functionResponse: { name: part.functionCall!.name!, response: { output: 'done' } },
  }))
  const contents = [asked, { role: 'model', parts }, { role: 'user', parts: responses }]
  const answer = await client.models.generateContent({ model: 'gemini-3-pro-preview', contents, config: { tools } })
  expect(answer.text).toBe('get_time says: done\nget_weather says: done')
})

test('calling modes are obeyed', async () => {
  const ask = async (contents: string, mode: FunctionCallingConfigMode, allowedFunctionNames?: string[]) => {
    const toolConfig = { functionCallingConfig: { mode, allowedFunctionNames } }
    const response = await client.models.generateContent({ model, contents, config: { tools, toolConfig } })
    return (response.functionCalls ?? []).map((call) => call.name)
  }
  expect(await ask('hello', FunctionCallingConfigMode.ANY, ['get_time'])).toEqual(['get_time'])
  expect(await ask('hello', FunctionCallingConfigMode.ANY)).toEqual(['get_weather'])
  expect(await ask('get_time', FunctionCallingConfigMode.NONE)).toEqual([])
  expect(await ask('get_time', FunctionCallingConfigMode.AUTO)).toEqual(['get_time'])
})

test('both kinds of schema are answered from the text', async () => {
  const responseMimeType = 'application/json'
  const open = {
    type: 'OBJECT' as never,
    properties: { title: { type: 'STRING' as never }, users: { type: 'INTEGER' as never, nullable: true } },
  }
  const first = await client.models.generateContent({
    model,
    contents: README,
    config: { responseMimeType, responseSchema: open },
  })
  expect(JSON.parse(first.text!)).toEqual({ title: 'Left Pad', users: 42 })
  const responseJsonSchema = { type: 'object', properties: { licence: { type: 'string' } }, required: ['licence'] }
  const second = await client.models.generateContent({
    model,
    contents: README,
    config: { responseMimeType, responseJsonSchema },
  })
  expect(JSON.parse(second.text!)).toEqual({ licence: 'MIT' })
})

test('limits, stop sequences and candidates', async () => {
  const ask = (config: object) => client.models.generateContent({ model, contents: 'echo: one two three', config })
  const short = await ask({ maxOutputTokens: 2 })
  expect([short.text, short.candidates![0]!.finishReason]).toEqual(['one two ', 'MAX_TOKENS'])
  expect((await ask({ stopSequences: ['two'] })).text).toBe('one ')
  const twice = await ask({ candidateCount: 2 })
  expect(twice.candidates!.map((candidate) => candidate.index)).toEqual([0, 1])
})

test('thoughts are parts of their own when asked for, and tokens in any case', async () => {
  const ask = (includeThoughts: boolean) =>
    client.models.generateContent({
      model,
      contents: 'echo me',
      config: { thinkingConfig: { includeThoughts, thinkingBudget: 100 } },
    })
  const shown = await ask(true)
  expect(shown.candidates![0]!.content!.parts![0]).toMatchObject({
    thought: true,
    text: expect.stringContaining('2 words'),
  })
  const hidden = await ask(false)
  expect(hidden.candidates![0]!.content!.parts).toHaveLength(1)
  expect(hidden.usageMetadata!.thoughtsTokenCount).toBe(shown.usageMetadata!.thoughtsTokenCount)
})

test('pictures are mentioned, and a repeated prompt counts as cached', async () => {
  const inlineData = { mimeType: 'image/png', data: Buffer.from('12345').toString('base64') }
  const fileData = { mimeType: 'image/jpeg', fileUri: 'https://pictures.example/cat' }
  const parts = [{ text: `Look.\n\n${'Play and work. '.repeat(500)}` }, { inlineData }, { fileData }]
  const ask = () => client.models.generateContent({ model, contents: [{ role: 'user', parts }] })
  const first = await ask()
  expect(first.text).toContain('Image 1: image/png, 5 bytes.\nImage 2: image/jpeg at pictures.example.')
  expect(first.usageMetadata!.cachedContentTokenCount).toBeUndefined()
  expect((await ask()).usageMetadata!.cachedContentTokenCount).toBeGreaterThan(1000)
})

test('without alt=sse the stream is one growing array', async () => {
  const contents = [{ parts: [{ text: 'echo: a few words that make several chunks' }] }]
  const response = await bundle.post(`/google/v1beta/models/${model}:streamGenerateContent`, { contents })
  const chunks = (await response.json()) as { candidates: { content: { parts: { text: string }[] } }[] }[]
  expect(chunks.length).toBeGreaterThan(2)
  expect(chunks.map((chunk) => chunk.candidates[0]!.content.parts[0]!.text).join('')).toBe(
    'a few words that make several chunks',
  )
})

const hi = [{ role: 'user', parts: [{ text: 'hi' }] }]
const call = { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] }
const answered = { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] }
const CASES: Record<string, [model: string, body: unknown, code: number, status: string, message: unknown]> = {
  'unknown model': [
    'gpt-5.5',
    { contents: hi },
    404,
    'NOT_FOUND',
    expect.stringContaining('models/gpt-5.5 is not found'),
  ],
  'missing model': ['gemini-missing', { contents: hi }, 404, 'NOT_FOUND', expect.stringContaining('ListModels')],
  'no JSON': [model, '{', 400, 'INVALID_ARGUMENT', expect.stringContaining('Invalid JSON payload')],
  'no contents': [model, {}, 400, 'INVALID_ARGUMENT', '* GenerateContentRequest.contents: contents is not specified\n'],
  'unknown name': [
    model,
    { contents: hi, generationConfig: { max_tokens: 1 } },
    400,
    'INVALID_ARGUMENT',
    `Invalid JSON payload received. Unknown name "max_tokens" at 'generation_config': Cannot find field.`,
  ],
  'wrong type': [
    model,
    { contents: [{ parts: [{ text: 5 }] }] },
    400,
    'INVALID_ARGUMENT',
    `Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5`,
  ],
  'wrong role': [
    model,
    { contents: [{ ...hi[0], role: 'assistant' }] },
    400,
    'INVALID_ARGUMENT',
    'Please use a valid role: user, model.',
  ],
  'temperature out of range': [
    model,
    { contents: hi, generationConfig: { temperature: 3 } },
    400,
    'INVALID_ARGUMENT',
    expect.stringContaining('temperature must be in the range [0, 2]'),
  ],
  'lost signature': [
    'gemini-3-pro-preview',
    { contents: [...hi, call, answered] },
    400,
    'INVALID_ARGUMENT',
    expect.stringContaining('missing a thought_signature'),
  ],
  'response without call': [
    model,
    { contents: [...hi, answered] },
    400,
    'INVALID_ARGUMENT',
    expect.stringContaining('function response turn comes immediately after'),
  ],
}

test.each(Object.entries(CASES))('%s', async (_, [name, body, code, status, message]) => {
  const response = await bundle.post(`/google/v1beta/models/${name}:generateContent`, body)
  expect(await response.json()).toMatchObject({ error: { code, status, message } })
  expect(response.status).toBe(code)
})

test('keys and models', async () => {
  const wrong = bundle.google('invalid').models.generateContent({ model, contents: 'hi' })
  await expect(wrong).rejects.toBeInstanceOf(ApiError)
  const invalid = await bundle.post(
    `/google/v1beta/models/${model}:generateContent`,
    {},
    { 'x-goog-api-key': 'invalid' },
  )
  expect(invalid.status).toBe(400)
  expect(await invalid.json()).toMatchObject({
    error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }, {}] },
  })
  const none = await bundle.post(`/google/v1beta/models/${model}:generateContent`, {}, { 'x-goog-api-key': '' })
  expect(none.status).toBe(403)
  const names = (await Array.fromAsync(await client.models.list())).map(({ name }) => name)
  expect(names).toContain(`models/${model}`)
})
