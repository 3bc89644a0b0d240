import type { JobObject } from '@switchyard/contract/job-object'
import { createLaneReports, type LaneReports } from '@switchyard/lanes/report-lanes'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let redis: RedisClient
const reports: LaneReports[] = []
beforeAll(async () => {
  stack = await startStack()
  redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'producer', name: 'queue-test' })
})
afterEach(() => {
  for (const each of reports.splice(0)) each.stop()
})
afterAll(async () => {
  await stack.stop()
  await disconnectRedis(redis)
})

/** A worker says that this lane is closed for so long. */
function close(lane: string, forMs: number): void {
  const closedUntilMs = Date.now() + forMs
  const told = createLaneReports({
    redis,
    worker: 'w-closed',
    everyMs: 50,
    onError: (error) => {
      throw error
    },
  })
  told.start(() => new Map([[lane, { closedUntilMs, waitingFor: 'tokens_per_minute' }]]))
  reports.push(told)
}

describe('what a job that waits is told', () => {
  it('is in the answer that accepts it, in the job, and in the list', async () => {
    // Nobody consumes it here.
    const lane = `${stack.lane}.batch`
    const body = { switchyard: { tier: 'batch' } }
    const first = await jobIn(await stack.chat(body, { prefer: 'respond-async' }))
    expect(first.queue).toMatchObject({ lane, position: 0 })
    close(lane, 60_000)
    const told = { lane, eta_seconds: expect.any(Number), waiting_for: 'tokens_per_minute' }
    await eventually(async () => {
      expect((await jobIn(await stack.fetch(`/v1/jobs/${first.id}`))).queue).toMatchObject({ ...told, position: 0 })
    })

    const second = await jobIn(await stack.chat(body, { prefer: 'respond-async' }))
    expect(second.queue).toMatchObject({ ...told, position: 1 })
    const { eta_seconds: eta, eta_range_seconds: range } = second.queue!
    expect(eta).toBeGreaterThan(40)
    expect(eta).toBeLessThan(70)
    expect(range![0]).toBeLessThan(eta!)
    expect(range![1]).toBeGreaterThan(eta!)

    // The list is written after the job.
    const data = await eventually(async () => {
      const list = (await (await stack.fetch('/v1/jobs?limit=2')).json()) as { data: JobObject[] }
      expect(list.data.map(({ id, queue }) => [id, queue?.position])).toEqual([
        [second.id, 1],
        [first.id, 0],
      ])
      return list.data
    })
    for (const { queue } of data) expect(queue).toMatchObject(told)
  })

  it('is 429 and when to come again, where its deadline would pass before it starts', async () => {
    const impatient = { switchyard: { deadline: 300 } }
    const patient = { switchyard: { deadline: 3_600 } }
    close(stack.lane, 900_000)
    const refused = await eventually(async () => {
      const response = await stack.chat(impatient, { prefer: 'respond-async' })
      expect(response.status).toBe(429)
      return response
    })
    expect(await errorIn(refused)).toMatchObject({ code: 'queue_full' })
    const again = Number(refused.headers.get('retry-after'))
    expect(again).toBeGreaterThan(400)
    expect(again).toBeLessThan(800)
    expect(refused.headers.get('x-should-retry')).toBeNull()
    expect((await stack.chat(patient, { prefer: 'respond-async' })).status).toBe(202)
  })
})
