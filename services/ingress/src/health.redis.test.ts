import { claimProbe, judgeProbe } from '@switchyard/health/probe'
import { reportFailure } from '@switchyard/health/report-failure'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { eventually } from '@switchyard/redis/testing/eventually'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { required, type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let redis: RedisClient
beforeAll(async () => {
  stack = await startStack()
  redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'consumer', name: 'health-test' })
})
afterAll(async () => {
  await disconnectRedis(redis)
  await stack.stop()
})

/** null: it was accepted, and waits. */
async function answered(): Promise<Response | null> {
  return stack.chat({}, {}, AbortSignal.timeout(300)).catch(() => null)
}

it('with every deployment out, who waits gets 503 at once with when to come back, whoever does not is accepted', async () => {
  const scope = `deployment:${stack.deployment}` as const
  const fail = () =>
    reportFailure(redis, { scope, cause: 'overloaded', tookMs: 0, ok: 0 }, { failures: 2, openMs: 5_000 })
  await fail()
  await fail()

  await eventually(async () => {
    const refused = await answered()
    expect(refused?.status).toBe(503)
    expect(refused?.headers.get('retry-after')).toMatch(/^[1-5]$/)
    expect(await refused?.json()).toMatchObject({ error: { code: 'no_healthy_deployment' } })
  })
  expect((await stack.chat({}, { prefer: 'respond-async' })).status).toBe(202)

  // Half-open is well enough: somebody has to find out.
  await eventually(async () => expect(await answered()).toBeNull(), 15_000)
  const probe = { token: 'job_x.1', scopes: [scope] }
  expect(await claimProbe(redis, { ...probe, gapMs: 0 })).toMatchObject({ ok: true })
  expect(await judgeProbe(redis, probe, true)).toMatchObject([{ became: 'closed' }])
}, 30_000)
