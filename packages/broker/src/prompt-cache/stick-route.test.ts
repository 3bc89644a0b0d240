import type { Route } from '@switchyard/contract/job'
import { describe, expect, test } from 'vitest'
import { rendezvousOrder, stickRoute, stickyLoads } from './stick-route.ts'

const NAMES = ['a', 'b', 'c', 'd']
const grouped = (names: string[]) => names.map((id) => ({ id, drop: [] as string[] }))
const prefixes = Array.from({ length: 4_000 }, (_, i) => `prefix-${i}`)
const CATALOG = { deployments: new Map<string, { weight: number }>() }
const even = (_deployment: string) => 1

const firstOf = (names: string[], prefix: string, weightOf = even) =>
  rendezvousOrder(grouped(names), prefix, weightOf)[0]!.id

describe('rendezvous hashing', () => {
  test('spreads prefixes by weight', () => {
    const weightOf = (name: string) => (name === 'a' ? 2 : 1)
    const counts = Map.groupBy(prefixes, (prefix) => firstOf(NAMES, prefix, weightOf))
    const share = (name: string) => counts.get(name)!.length / prefixes.length
    expect(share('a')).toBeCloseTo(0.4, 1)
    for (const name of ['b', 'c', 'd']) expect(share(name)).toBeCloseTo(0.2, 1)
  })

  test('moves only the prefixes of a deployment that goes', () => {
    for (const prefix of prefixes) {
      const before = firstOf(NAMES, prefix)
      if (before !== 'c') expect(firstOf(['a', 'b', 'd'], prefix)).toBe(before)
    }
  })
})

describe('a route', () => {
  const route = (names = NAMES): Route => ({
    policy: 'ordered',
    hops: [
      { lane: 'l1', deployments: grouped(names) },
      { lane: 'l2', deployments: grouped(['z']) },
    ],
    reasons: [],
  })
  const firstsFor = (loads: ReturnType<typeof stickyLoads>, sent: string[]) =>
    sent.map((prefix) => stickRoute(route(), prefix, CATALOG, loads).hops[0]!.deployments[0]!.id)

  test('keeps all deployments, hop by hop, and takes jobs of one prefix to one of them', () => {
    const loads = stickyLoads(() => 0)
    const stuck = stickRoute(route(), 'p', CATALOG, loads)
    expect(stuck.hops[0]!.deployments.map(({ id }) => id).sort()).toEqual(NAMES)
    expect(stuck.hops[1]).toEqual(route().hops[1])
    expect(
      new Set(
        firstsFor(
          stickyLoads(() => 0),
          Array(8).fill('p'),
        ),
      ).size,
    ).toBe(1)
  })

  test('no deployment gets more than a quarter beyond its share, however hot one prefix is', () => {
    const loads = stickyLoads(() => 0)
    const firsts = firstsFor(loads, Array(1_000).fill('hot'))
    const counts = NAMES.map((name) => firsts.filter((first) => first === name).length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(1_000 * (1.25 / 4) + 1)
    // The overflow goes to the next in its order, not everywhere at once.
    expect(new Set(firsts.slice(0, 11)).size).toBeLessThanOrEqual(2)
  })

  test('that another policy than `ordered` has ranked stays as it is', () => {
    const ranked: Route = { ...route(), policy: 'cost' }
    expect(stickRoute(ranked, 'p', CATALOG, stickyLoads())).toBe(ranked)
  })

  test('load fades', () => {
    let nowMs = 0
    const loads = stickyLoads(() => nowMs)
    const home = firstsFor(loads, Array(100).fill('hot'))[0]
    nowMs = 60_000
    expect(firstsFor(loads, ['hot'])).toEqual([home])
  })
})
