import { describe, expect, it } from 'vitest'
import { bodyFault, hasContent, streamFault } from './verify-answer.ts'

const chunk = (content: string) => `id: 1\ndata: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`
const ROLE = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
const DONE = 'data: [DONE]\n\n'

describe('streamFault', () => {
  it('accepts a stream that says the text in so many chunks', () => {
    expect(streamFault(ROLE + chunk('hel') + chunk('lo') + DONE, 'hello', 2)).toBeNull()
  })

  it.each([
    ['no [DONE]', ROLE + chunk('hel') + chunk('lo'), 'does not end with [DONE]'],
    ['a chunk lost', ROLE + chunk('hel') + DONE, 'not what was asked'],
    ['a chunk doubled', ROLE + chunk('hel') + chunk('lo') + chunk('lo') + DONE, 'not what was asked'],
    ["somebody else's answer", ROLE + chunk('good') + chunk('bye') + DONE, 'not what was asked'],
    ['chunks merged', ROLE + chunk('hello') + DONE, '1 chunks, not 2'],
    ['nothing', '', 'does not end with [DONE]'],
  ])('names what is wrong: %s', (_what, body, fault) => {
    expect(streamFault(body, 'hello', 2)).toContain(fault)
  })
})

it('tells the right body from another', () => {
  const body = '{"choices":[{"message":{"role":"assistant","content":"hello"}}]}'
  expect(bodyFault(body, 'hello')).toBeNull()
  expect(bodyFault(body, 'hell')).toContain('does not say what was asked')
})

it('sees the first content and not the role before it', () => {
  expect(hasContent(ROLE)).toBe(false)
  expect(hasContent(ROLE + chunk('h'))).toBe(true)
  expect(hasContent('data: {"delta":{"content":"')).toBe(false)
})
