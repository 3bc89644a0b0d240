import { expect, test } from 'vitest'
import { parseMember } from './member.ts'

const MEMBER = {
  id: 'w1',
  role: 'worker',
  deployments: [{ id: 'opus', simulated: false, credential: 'resolved' }],
  catalogRevision: 'r1',
  startedAtMs: 1,
  pid: 2,
  host: 'here',
}

test('what a newer version adds is ignored', () => {
  const json = JSON.stringify({ ...MEMBER, zone: 'eu', deployments: [{ ...MEMBER.deployments[0], warm: true }] })
  expect(parseMember(json)).toEqual(MEMBER)
})

test.each([
  '',
  'null',
  '[]',
  '{}',
  JSON.stringify({ ...MEMBER, role: 'gateway' }),
  JSON.stringify({ ...MEMBER, deployments: 'all' }),
])('what is no member of this version is left out: %s', (json) => {
  expect(parseMember(json)).toBeNull()
})
