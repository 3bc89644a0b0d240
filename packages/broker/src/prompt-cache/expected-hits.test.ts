import { promptCacheOf } from '@switchyard/catalog/prompt-cache'
import { expect, test } from 'vitest'
import type { Beginning } from './beginnings.ts'
import { expectedHits } from './expected-hits.ts'
import { warmPlaces } from './warm-places.ts'

const server = { kind: 'openai', baseUrl: 'http://server.test/v1' } as const
const catalog = {
  deployments: new Map([
    ['opus', { promptCache: promptCacheOf({ kind: 'anthropic', baseUrl: '' }, 'claude-opus-4-7', undefined) }],
    ['plain', { promptCache: promptCacheOf(server, 'm', undefined) }],
    ['forgetful', { promptCache: promptCacheOf(server, 'm', 'none') }],
  ]),
}

function hits(prefixTokens: number, { marked = false, ends = [] as { at: [number]; tokens: number }[] } = {}) {
  let nowMs = 1_000
  const places = warmPlaces(() => nowMs)
  for (const name of catalog.deployments.keys()) places.sent('p', name)
  const beginnings: Beginning[] = [{ digest: 'p', end: { at: [0], tokens: prefixTokens }, marked }]
  const at = expectedHits(
    places,
    { prefix: 'p', prefixTokens, promptCache: { ends } },
    { auto: true, key: null, beginnings },
    catalog,
  )
  const of = () => [...catalog.deployments.keys()].map((name) => at!(name))
  return { of, later: (ms: number) => (nowMs += ms) }
}

test('whoever caches by itself has it; who asks for marks has it where it was marked', () => {
  expect(hits(50_000).of()).toEqual([0, 50_000, 0])
  expect(hits(50_000, { marked: true }).of()).toEqual([50_000, 50_000, 0])
  expect(hits(50_000, { ends: [{ at: [0], tokens: 50_000 }] }).of()).toEqual([50_000, 50_000, 0])
})

test('nothing below what a provider caches', () => {
  expect(hits(3_000, { marked: true }).of()).toEqual([0, 3_000, 0])
})

test('five minutes after its last use it is gone, and who never had it has nothing', () => {
  const sent = hits(50_000)
  sent.later(299_000)
  expect(sent.of()[1]).toBe(50_000)
  sent.later(1_000)
  expect(sent.of()[1]).toBe(0)
  const at = expectedHits(
    warmPlaces(),
    { prefix: 'p', prefixTokens: 9_000 },
    { auto: true, key: null, beginnings: [] },
    catalog,
  )
  expect(at!('plain')).toBe(0)
})

test('without a prefix of known length nothing is expected', () => {
  const intake = { auto: false, key: 'k', beginnings: [] }
  expect(expectedHits(warmPlaces(), { prefixTokens: 0 }, intake, catalog)).toBeUndefined()
  expect(expectedHits(warmPlaces(), { prefix: 'p', prefixTokens: 0 }, intake, catalog)).toBeUndefined()
})
