import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { type Archive, decodeArchive, encodeArchive } from './archive.ts'

const archiveOf = (request: string): Archive => ({
  v: 1,
  request,
  result: '{"choices":[]}',
  entries: [{ seq: 0, event: null, data: 'ü "quoted"', terminal: null }],
})

it.each([
  ['a short one, plain', archiveOf('{"model":"opus"}'), /^\{/],
  ['one that saves more than a block', archiveOf('all the same '.repeat(1_000)), /^(?!\{)/],
  ['one for another thread', archiveOf(randomBytes(100_000).toString('base64')), /^(?!\{)/],
])('reads what was written: %s', async (_what, archive, beginning) => {
  const blob = await encodeArchive(archive)
  expect(blob.toString('latin1')).toMatch(beginning)
  expect(blob.length).toBeLessThanOrEqual(Math.max(4_096, JSON.stringify(archive).length * 0.8))
  expect(await decodeArchive(blob)).toEqual(archive)
})
