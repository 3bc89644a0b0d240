import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', choices: [] })

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ redisUrl: required('TEST_REDIS_CLUSTER') })
})
afterAll(() => stack.stop())

describe('on a Redis Cluster', () => {
  it('jobs of every partition are waited for, streamed, resumed, listed and cancelled', async () => {
    for (let i = 0; i < 12; i++) {
      const asked = stack.chat()
      const waited = await stack.worker.next()
      await waited.begin()
      await waited.complete(ANSWER)
      expect(await (await asked).text()).toBe(ANSWER)

      const opened = stack.chat({ stream: true })
      const streamed = await stack.worker.next()
      await streamed.begin()
      await streamed.append('a')
      const events = readEventStream(await opened)
      await events.has('id: 0')
      const resumed = readEventStream(await stack.fetch(`/v1/jobs/${streamed.id}/events?starting_after=0`))
      await streamed.append('b')
      await streamed.complete(null)
      expect(await events.ended).toBe(true)
      expect(await resumed.ended).toBe(true)
      expect(events.text()).toBe(`id: 0\ndata: a\n\n${resumed.text()}`)
    }
    const queued = await jobIn(await stack.chat({ switchyard: { tier: 'batch' } }, { prefer: 'respond-async' }))
    const cancelled = await jobIn(await stack.fetch(`/v1/jobs/${queued.id}/cancel`, { method: 'POST' }))
    expect(cancelled.status).toBe('cancelled')
    await expect
      .poll(async () => {
        const { data } = (await (await stack.fetch('/v1/jobs?limit=100')).json()) as { data: object[] }
        return data.length
      })
      .toBe(25)
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200)
  })
})
