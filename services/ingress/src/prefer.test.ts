import { describe, expect, it } from 'vitest'
import { readPrefer } from './prefer.ts'

describe('readPrefer', () => {
  it.each([
    [undefined, { kind: 'none' }],
    ['', { kind: 'none' }],
    ['handling=lenient', { kind: 'none' }],
    ['respond-async', { kind: 'async' }],
    ['Respond-Async; foo="bar"', { kind: 'async' }],
    ['wait=10', { kind: 'wait', seconds: 10 }],
    ['wait = "0"', { kind: 'wait', seconds: 0 }],
    ['respond-async, wait=10', { kind: 'wait', seconds: 10 }],
    ['wait=600, respond-async', { kind: 'wait', seconds: 600 }],
    ['wait=1, wait=2', { kind: 'wait', seconds: 1 }],
    [['return=minimal', 'respond-async'], { kind: 'async' }],
    ['respond-async=1', { kind: 'async' }],
    ['x-respond-async', { kind: 'none' }],
  ])('%s', (header, expected) => expect(readPrefer(header)).toEqual(expected))

  it.each([
    'wait',
    'wait=',
    'wait=-1',
    'wait=1.5',
    'wait=601',
    'wait=1e2',
    'wait=soon',
    `wait=${'9'.repeat(30)}`,
    `x${' '.repeat(2000)}`,
  ])('refuses %s', (header) => {
    expect(() => readPrefer(header)).toThrow(expect.objectContaining({ code: 'invalid_prefer', param: 'Prefer' }))
  })
})
