import { describe, expect, it } from 'vitest'
import { image, text } from './inputs/reading.ts'
import { CHAT, LONGEST_LINE_BYTES, type Question, requestLine } from './request-line.ts'

const question: Question = { endpoint: CHAT, model: 'm', prompt: null, schema: null, maxTokens: null }

function made(...given: Parameters<typeof requestLine>): Record<string, unknown> {
  const result = requestLine(...given)
  if ('why' in result) throw new Error(result.why)
  return JSON.parse(result.line)
}

describe('the request for a document', () => {
  it('has its path as id, the prompt before it and the schema behind', () => {
    const schema = { name: 'document', strict: true, schema: { type: 'object' } }
    const asked = { ...question, prompt: 'Be short.', schema, maxTokens: 9 }
    expect(made({ kind: 'document', name: 'a/b.md', parts: [text('one'), text('two')] }, asked)).toEqual({
      custom_id: 'a/b.md',
      method: 'POST',
      url: CHAT,
      body: {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'The file a/b.md:\n\n<document>\none\n\ntwo\n</document>' },
        ],
        response_format: { type: 'json_schema', json_schema: schema },
        max_completion_tokens: 9,
      },
    })
  })

  it('has images between its texts, in order', () => {
    const parts = [text('one'), image(Buffer.from('x'), 'image/png')]
    expect(made({ kind: 'document', name: 'a.pdf', parts }, question).body).toMatchObject({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'The file a.pdf:' }, ...parts] }],
    })
  })

  it.each([
    ['a model', { ...question, model: null }, /--model/],
    ['the chat endpoint', { ...question, endpoint: '/v1/responses' }, /--endpoint/],
  ])('needs %s', (_, asked, why) => {
    expect(requestLine({ kind: 'document', name: 'a', parts: [text('x')] }, asked)).toEqual({
      why: expect.stringMatching(why),
    })
  })

  it('is refused where it is longer than the server takes', () => {
    const parts = [text('x'.repeat(LONGEST_LINE_BYTES))]
    expect(requestLine({ kind: 'document', name: 'a', parts }, question)).toHaveProperty('why')
  })
})

describe('a request that is ready', () => {
  const request = { custom_id: 'r', url: CHAT, body: { messages: [] } }

  it('keeps its own model, and takes ours where it has none', () => {
    const own = { ...request, body: { model: 'own', messages: [] } }
    expect(made({ kind: 'request', name: 'r', request: own }, question).body).toMatchObject({ model: 'own' })
    expect(made({ kind: 'request', name: 'r', request }, question)).toMatchObject({
      method: 'POST',
      body: { model: 'm' },
    })
    expect(requestLine({ kind: 'request', name: 'r', request }, { ...question, model: null })).toHaveProperty('why')
  })

  it('is refused where it is for another endpoint than the batch', () => {
    expect(requestLine({ kind: 'request', name: 'r', request }, { ...question, endpoint: '/v1/responses' })).toEqual({
      why: expect.stringContaining('--endpoint'),
    })
  })
})
