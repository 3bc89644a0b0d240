import { hash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type SimulatorBundle, simulatorBundle } from '../testing/simulator-bundle.ts'
import type { Call } from './call.ts'
import { createLedger } from './ledger.ts'

let bundle: SimulatorBundle
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'))
  bundle = await simulatorBundle(join(folder, 'ledger.jsonl'))
})
afterEach(() => bundle.reset())
afterAll(async () => {
  await bundle.stop()
  await rm(folder, { recursive: true })
})

const ask = (id: string, content: string, extra: object = {}) =>
  bundle.post(
    '/openai/v1/chat/completions',
    { model: 'gpt-5.5', messages: [{ role: 'user', content }], ...extra },
    { 'x-client-request-id': id },
  )

test('a complete call has its whole line, and its id is the one of the answer', async () => {
  const response = await ask('job_1.1', 'echo: hello world')
  const body = await response.text()
  const call = await bundle.ended('job_1.1')
  expect(call).toEqual({
    n: expect.any(Number),
    id: response.headers.get('x-request-id'),
    at: expect.any(Number),
    dialect: 'openai',
    key: hash('sha256', 'key', 'hex').slice(0, 12),
    model: 'gpt-5.5',
    clientRequestId: 'job_1.1',
    stream: false,
    promptTokens: 5,
    completionTokens: 3,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    bytesSent: body.length,
    chunksSent: 1,
    status: 200,
    fault: null,
    ended: 'complete',
    msToEnd: expect.any(Number),
    promptHash: hash('sha256', 'echo: hello world', 'hex').slice(0, 16),
  })
})

test('refused calls are in it too', async () => {
  await ask('bad', 'x', { model: 'nothing' })
  expect(await bundle.ended('bad')).toMatchObject({
    status: 404,
    ended: 'error',
    model: 'nothing',
    promptTokens: 0,
    promptHash: null,
  })
})

test('a caller that leaves in the middle is noticed at once', async () => {
  await bundle.model('gpt-5.5', { chunkDelayMs: 20 })
  const response = await ask('gone', 'length: 1000 chunks', { stream: true })
  const reader = response.body!.getReader()
  await reader.read()
  const leftAt = Date.now()
  await reader.cancel()
  const call = await bundle.ended('gone')
  expect(call).toMatchObject({ ended: 'client_gone', status: 200 })
  expect(call.chunksSent).toBeLessThan(500)
  expect(call.completionTokens).toBeLessThan(call.chunksSent * 4)
  expect(call.at + call.msToEnd! - leftAt).toBeLessThan(1000)
})

test('a caller that leaves before the answer is noticed too', async () => {
  await bundle.model('gpt-5.5', { firstTokenMs: 60_000 })
  const controller = new AbortController()
  const call = fetch(`${bundle.url}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'content-type': 'application/json', 'x-client-request-id': 'early' },
    body: JSON.stringify({ model: 'gpt-5.5', messages: [{ role: 'user', content: 'hi' }] }),
    signal: controller.signal,
  })
  const failed = expect(call).rejects.toThrow('aborted')
  await expect.poll(() => bundle.ledger('clientRequestId=early')).toMatchObject([{ ended: 'in_flight' }])
  controller.abort()
  await failed
  expect(await bundle.ended('early')).toMatchObject({ ended: 'client_gone', bytesSent: 0, status: null })
})

test('it is read in pages, and by model', async () => {
  for (const id of ['a', 'b', 'c']) await ask(id, 'echo: x')
  const first = (await bundle.control('GET', 'ledger?limit=2')) as { calls: Call[]; next: number }
  expect(first.calls.map((call) => call.clientRequestId)).toEqual(['a', 'b'])
  const rest = (await bundle.control('GET', `ledger?after=${first.next}`)) as { calls: Call[]; next: number }
  expect(rest.calls.map((call) => call.clientRequestId)).toEqual(['c'])
  expect(await bundle.control('GET', `ledger?after=${rest.next}`)).toEqual({ calls: [], next: rest.next })
  expect(await bundle.ledger('model=gpt-4o')).toEqual([])
})

test('the file has a line for every begin and end', async () => {
  await ask('filed', 'echo: x')
  await expect
    .poll(async () => {
      const lines = (await readFile(join(folder, 'ledger.jsonl'), 'utf8')).trim().split('\n')
      return lines
        .map((line) => JSON.parse(line))
        .filter((line) => line.call.clientRequestId === 'filed')
        .map((line) => [line.type, line.call.ended])
    })
    .toEqual([
      ['begin', 'in_flight'],
      ['end', 'complete'],
    ])
})

test('the oldest calls make room, numbers go on, and a clear keeps them going', () => {
  const ledger = createLedger(3)
  const begin = () => ledger.begin({ model: 'm', ended: 'in_flight' } as Omit<Call, 'n'>)
  for (let i = 0; i < 10; i++) begin()
  expect(ledger.query({ after: 0, limit: 100 }).calls.map(({ n }) => n)).toEqual([8, 9, 10])
  expect(ledger.query({ after: 8, limit: 1 })).toMatchObject({ calls: [{ n: 9 }], next: 9 })
  ledger.clear()
  expect(ledger.query({ after: 0, limit: 100 })).toEqual({ calls: [], next: 0 })
  expect(begin().n).toBe(11)
  expect(ledger.query({ after: 10, limit: 100 }).calls.map(({ n }) => n)).toEqual([11])
})
