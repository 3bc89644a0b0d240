import { expect, test } from 'vitest'
import { LAPSE_MS, type Member, REFRESH_MS } from './member.ts'
import { createRosterKeeper, rosterOf } from './roster.ts'

function aMember(id: string, deployments: Record<string, boolean>, role: Member['role'] = 'worker'): Member {
  return {
    id,
    role,
    deployments: Object.entries(deployments).map(([name, simulated]) => ({
      id: name,
      simulated,
      credential: 'resolved',
    })),
    catalogRevision: 'r1',
    startedAtMs: 1,
    pid: 1,
    host: 'here',
  }
}

test('the deployments of a fleet are those of its workers, and of nobody else', () => {
  const roster = rosterOf([
    aMember('b', { opus: false, gpt: true }),
    aMember('a', { opus: false, gemini: false }),
    aMember('c', { only: false }, 'suspect'),
    aMember('d', { none: false }, 'ingress'),
  ])
  expect([...roster.deployments].sort()).toEqual(['gemini', 'gpt', 'opus'])
  expect([...roster.simulated]).toEqual(['gpt'])
  expect(roster.members.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
})

test('the view is another one only when something changed', () => {
  const keeper = createRosterKeeper()
  expect(keeper.take([], 0)).toBe(false)
  expect(keeper.take([aMember('a', { opus: false })], 1)).toBe(true)
  const view = keeper.current()
  expect(keeper.take([aMember('a', { opus: false })], 2)).toBe(false)
  expect(keeper.current()).toBe(view)
  expect(keeper.take([aMember('a', { opus: true })], 3)).toBe(true)
  expect(keeper.take([], 4)).toBe(true)
  expect(keeper.current().deployments.size).toBe(0)
})

test('after an outage those that were known stay for one refresh, unless they are heard of again', () => {
  const keeper = createRosterKeeper()
  keeper.take([aMember('a', { opus: false }), aMember('b', { gpt: false })], 0)
  const back = LAPSE_MS
  expect(keeper.take([], back)).toBe(false)
  expect(keeper.take([aMember('b', { gpt: true })], back + REFRESH_MS - 1)).toBe(true)
  expect([...keeper.current().deployments].sort()).toEqual(['gpt', 'opus'])
  expect(keeper.current().simulated.has('gpt')).toBe(true)
  expect(keeper.take([aMember('b', { gpt: true })], back + REFRESH_MS)).toBe(true)
  expect([...keeper.current().deployments]).toEqual(['gpt'])
})

test('without an outage whoever is gone is gone', () => {
  const keeper = createRosterKeeper()
  keeper.take([aMember('a', { opus: false })], 0)
  expect(keeper.take([], REFRESH_MS)).toBe(true)
  expect(keeper.current().members).toEqual([])
})
