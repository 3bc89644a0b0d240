import { describe, expect, it } from 'vitest'
import { answerDigest } from './answer-digest.ts'

const BODY = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], metadata: { 2: 'b', 1: 'a' } }
const digest = (body: object = BODY, options = {}, endpoint = '/v1/chat/completions') =>
  answerDigest(endpoint, body, options)

describe('answerDigest', () => {
  it('is the same whatever the order of keys and what only the broker is told', () => {
    const { model, messages } = BODY
    const other = { metadata: { 1: 'a', 2: 'b' }, switchyard: { tags: { a: 'b' } }, messages, model }
    expect(digest(other, { tags: { a: 'b' } })).toBe(digest())
    expect(digest(BODY, { allow: ['a', 'b'] })).toBe(digest(BODY, { allow: ['b', 'a'] }))
  })

  it.each([
    ['endpoint', digest(BODY, {}, '/v1/responses')],
    ['model', digest({ ...BODY, model: 'n' })],
    ['content', digest({ ...BODY, messages: [{ role: 'user', content: 'Hi ' }] })],
    ['streaming', digest({ ...BODY, stream: true })],
    ['a denied deployment', digest(BODY, { deny: ['a'] })],
    ['a list for an object', digest({ ...BODY, metadata: [['1', 'a']] })],
  ])('differs by %s', (_name, other) => {
    expect(other).not.toBe(digest())
  })
})
