import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keepApiKey } from './api-key.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sy-key-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

it('makes a key once and keeps it', async () => {
  const key = await keepApiKey(dataDir, null)
  expect(key).toMatch(/^sk-sy-[A-Za-z0-9_-]{43}$/)
  expect(await keepApiKey(dataDir, null)).toBe(key)
})

it('takes a given key and leaves the kept one alone', async () => {
  const kept = await keepApiKey(dataDir, null)
  expect(await keepApiKey(dataDir, 'sk-sy-given')).toBe('sk-sy-given')
  expect(await keepApiKey(dataDir, null)).toBe(kept)
})

it('refuses a file that holds something else, and does not overwrite it', async () => {
  await writeFile(join(dataDir, 'api-key'), 'sk-sy-cut')
  await expect(keepApiKey(dataDir, null)).rejects.toThrow(/holds no key/)
  expect(await readFile(join(dataDir, 'api-key'), 'utf8')).toBe('sk-sy-cut')
})
