import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { probeUpstream } from './probe-upstream.ts'
import { createTransport } from './transport.ts'

const transport = createTransport()
let status = 200
let asked: IncomingMessage | null = null
const server = createServer((request, response) => {
  asked = request
  response.writeHead(status).end('{}')
})
let url = ''
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await transport.stop()
  server.close()
})

const probe = (kind: 'openai' | 'anthropic' | 'google', baseUrl = `${url}/v1`) =>
  probeUpstream(transport, { kind, baseUrl, apiKey: 'the-key' }, new AbortController().signal)

test.each([
  ['openai', '/v1/models', 'authorization', 'Bearer the-key'],
  ['anthropic', '/v1/models?limit=1', 'x-api-key', 'the-key'],
  ['google', '/v1/models?pageSize=1', 'x-goog-api-key', 'the-key'],
] as const)('%s is asked for its models with our key', async (kind, path, header, value) => {
  status = 200
  expect(await probe(kind)).toBeNull()
  expect(asked).toMatchObject({ method: 'GET', url: path })
  expect(asked?.headers[header]).toBe(value)
})

test.each([
  [401, 'credential'],
  [403, 'credential'],
  [500, 'server'],
  [503, 'overloaded'],
])('%i is ill health: %s', async (answered, failureClass) => {
  status = answered
  expect(await probe('openai')).toMatchObject({ class: failureClass, status: answered })
})

test.each([404, 405, 429, 501])('%i says nothing: not every server has such a list', async (answered) => {
  status = answered
  expect(await probe('openai')).toBeNull()
})

test('nobody there', async () => {
  expect(await probe('openai', 'http://127.0.0.1:9/v1')).toMatchObject({ class: 'server', status: null })
})
