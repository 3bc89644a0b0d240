import { BrokerError } from '@switchyard/contract/broker-error'
import { expect, test } from 'vitest'
import { inTierOf, laneName, parseLaneName, SUSPECT_LANE } from './lane-name.ts'

test('a lane is named by class and provider, batch work has its own beside it', () => {
  expect(laneName('frontier', 'anthropic', 'interactive')).toBe('frontier.anthropic')
  expect(laneName('frontier', 'anthropic', 'batch')).toBe('frontier.anthropic.batch')
})

test.each([
  ['frontier', 'anthropic', 'interactive'],
  ['frontier', 'anthropic', 'batch'],
  ['fast', 'batch', 'interactive'],
  ['fast', 'batch', 'batch'],
  ['a_b-C9', 'x-1', 'interactive'],
] as const)('parse gives back what %s, %s, %s was named from', (modelClass, provider, tier) => {
  expect(parseLaneName(laneName(modelClass, provider, tier))).toEqual({ modelClass, provider, tier })
})

test.each(['a.b', 'a:b', '{a}', '', 'a b', 'ü', 'x'.repeat(65)])('a part named "%s" is refused', (part) => {
  for (const name of [() => laneName(part, 'openai', 'batch'), () => laneName('fast', part, 'batch')]) {
    expect(name).toThrow(BrokerError)
  }
})

test.each([SUSPECT_LANE, '', 'a.b.c', 'a.b.batch.d', 'a..batch', '.b', 'a.{b}'])('"%s" has no parts', (lane) => {
  expect(parseLaneName(lane)).toBeNull()
})

test.each([
  ['fast.a', 'fast.b.batch', 'fast.b'],
  ['fast.a.batch', 'fast.b', 'fast.b.batch'],
  ['fast.a.batch', 'fast.b.batch', 'fast.b.batch'],
  [SUSPECT_LANE, 'fast.b.batch', 'fast.b.batch'],
])('in the tier of %s, %s is %s', (like, lane, expected) => expect(inTierOf(like, lane)).toBe(expected))
