import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

test('the process says where it listens and ends within a second of SIGTERM, streams or not', async () => {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const url = /^simulator ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line.toString())![1]!
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
  const stream = await fetch(`${url}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gpt-5.5',
      stream: true,
      messages: [{ role: 'user', content: 'length: 5000 chunks' }],
    }),
  })
  expect(stream.status).toBe(200)
  const startMs = performance.now()
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  expect(performance.now() - startMs).toBeLessThan(1000)
  await expect(stream.text()).rejects.toThrow()
})

test('a port that is none is refused', async () => {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, PORT: 'eighty' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [[error], [code]] = await Promise.all([once(child.stderr, 'data'), once(child, 'exit')])
  expect(String(error)).toContain('PORT is not a port')
  expect(code).toBe(1)
})
