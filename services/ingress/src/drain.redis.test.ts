import { describe, expect, it } from 'vitest'
import { errorIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { startStack } from './testing/start-stack.ts'

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', choices: [] })

describe('a drain', () => {
  it('lets waiting callers have their answer, and tells streams where to resume', async () => {
    const stack = await startStack({ drainMs: 10_000 })
    const idle = stack.fetch('/healthz')
    await (await idle).text()
    const waiting = stack.chat()
    const first = await stack.worker.next()
    const opened = stack.chat({ stream: true })
    const second = await stack.worker.next()
    await second.begin()
    await second.append('{"n":0}')
    const events = readEventStream(await opened)
    await events.has('id: 0')
    const held = stack.chat({ stream: true })
    await stack.worker.next()

    const stopped = stack.ingress.stop()
    expect(await events.ended).toBe(false)
    expect(events.text()).toMatch(
      /event: error\ndata: \{"error":\{.*"code":"stream_interrupted","events_url":"\/v1\/jobs\/job_[0-9A-Z]{26}\/events"\}\}\n\n$/,
    )
    const interrupted = await held
    expect([interrupted.status, (await errorIn(interrupted)).code]).toEqual([503, 'service_unavailable'])
    await expect(fetch(`${stack.url}/healthz`)).rejects.toThrow()

    await first.begin()
    await first.complete(ANSWER)
    const response = await waiting
    expect([response.status, await response.text()]).toEqual([200, ANSWER])
    expect(response.headers.get('connection')).toBe('close')
    await stopped
    await stack.stop()
  })

  it('ends with its budget: who still waits then gets a 503', async () => {
    const stack = await startStack({ drainMs: 100 })
    const waiting = stack.chat()
    await stack.worker.next()
    const stopped = stack.ingress.stop()
    const response = await waiting
    expect([response.status, (await errorIn(response)).code]).toEqual([503, 'service_unavailable'])
    expect(response.headers.get('retry-after')).toBe('1')
    await stopped
    await stack.stop()
  })

  it('can be asked for twice', async () => {
    const stack = await startStack()
    await Promise.all([stack.ingress.stop(), stack.ingress.stop()])
    await stack.stop()
  })
})
