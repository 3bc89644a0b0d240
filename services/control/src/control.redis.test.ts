import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newApiKey } from '@switchyard/accounts/api-key'
import { createKeyStore } from '@switchyard/accounts/key-store'
import { ALL_SCOPES } from '@switchyard/accounts/principal'
import { newJobId } from '@switchyard/contract/ids'
import { startNumbersPublisher } from '@switchyard/fleet/numbers/publish-numbers'
import { reportFailure } from '@switchyard/health/report-failure'
import { laneKeys } from '@switchyard/lanes/keys'
import { createProducer } from '@switchyard/lanes/producer'
import { narrow } from '@switchyard/limits/learn'
import { reserve } from '@switchyard/limits/reserve'
import { connectRedis, disconnectRedis, type RedisClient } from '@switchyard/redis/connect'
import { OWN_SERVERS } from '@switchyard/redis/testing/own-servers'
import { createLogger } from '@switchyard/telemetry/logger'
import { createMetrics } from '@switchyard/telemetry/metric-registry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningControl, startControl } from './start-control.ts'
import { parseExposition, type Sample } from './testing/parse-exposition.ts'

const LIMITS = { rpm: 60, tpm: 100_000, inFlight: 4 }

describe.each(OWN_SERVERS)('the control listener on %s', (_name, url) => {
  const random = randomBytes(5).toString('hex')
  const [provider, deployment, lane] = [`p${random}`, `d${random}`, `c${random}.p${random}`]
  let directory: string
  let catalogFile: string
  let redis: RedisClient
  let control: RunningControl

  async function start(over: { host?: string; names?: string[] } = {}): Promise<RunningControl> {
    return startControl(
      { port: 0, host: '127.0.0.1', names: [], redisUrl: url, catalogFile, ...over },
      { logger: createLogger({ service: 'control', destination: { write: () => {} } }), env: {} },
    )
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'control-'))
    catalogFile = join(directory, 'catalog.yaml')
    await writeFile(
      catalogFile,
      `
providers: { ${provider}: { kind: openai, baseUrl: "http://127.0.0.1:9/v1", apiKey: none } }
classes: { c${random}: {} }
deployments: { ${deployment}: { provider: ${provider}, class: c${random}, model: m, limits: ${JSON.stringify(LIMITS)} } }
models: { m${random}: { route: [${deployment}] } }
`,
    )
    redis = await connectRedis(url, { role: 'producer', name: 'control-test' })
    control = await start()
  })
  afterAll(async () => {
    await control.stop()
    await disconnectRedis(redis)
    await rm(directory, { recursive: true, force: true })
  })

  async function page(): Promise<Sample[]> {
    const response = await fetch(`${control.url}/metrics`)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    return parseExposition(await response.text())
  }

  /** The value of the only series with these labels; undefined: there is none. */
  function value(samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
    const matching = samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
    )
    expect(matching.length, name).toBeLessThan(2)
    return matching[0]?.value
  }

  it('shows what the fleet has counted and what shared state says', async () => {
    const metrics = createMetrics()
    const member = startNumbersPublisher({ redis, id: `w-${random}`, role: 'worker', metrics, onError: () => {} })
    const attempts = { provider, deployment, status: 'completed', error_class: 'none' }
    metrics.counter('switchyard_attempts_total').add(attempts, 10)
    metrics.counter('switchyard_tokens_total').add({ provider, deployment, kind: 'input' }, 90_000)
    metrics.counter('switchyard_tokens_total').add({ provider, deployment, kind: 'output' }, 10_000)
    await member.publish()
    for (const lease of ['one', 'two'])
      await reserve(redis, deployment, LIMITS, { lease: `${random}.${lease}`, inputTokens: 1_000, outputTokens: 500 })
    await narrow(redis, deployment, LIMITS, { retryAfterMs: 60_000, rateLimited: true, overloaded: true })
    const overloaded = { scope: `deployment:${deployment}`, cause: 'overloaded', tookMs: 0, ok: 0 } as const
    await reportFailure(redis, overloaded, { failures: 1, openMs: 60_000 })
    const producer = createProducer({ redis })
    const [old, young] = [newJobId(Date.now() - 90_000), newJobId()]
    for (const jobId of [young, old])
      await producer.add(lane, { jobId, delivery: 1 }, { project: 'proj_1', weight: 1, tokens: 1_000 })
    // As its consumer puts a delivery off: BullMQ scores with the moment in ms times 4,096.
    await redis.zadd(laneKeys(lane).delayed, (Date.now() + 60_000) * 4_096, `${newJobId()}.1`)

    const samples = await page()
    await member.stop()
    expect(value(samples, 'switchyard_attempts_total', { deployment })).toBe(10)
    expect(value(samples, 'switchyard_fleet_members', { role: 'control' })).toBeGreaterThanOrEqual(1)
    expect(value(samples, 'switchyard_limit', { deployment, dimension: 'tpm' })).toBe(90_000)
    expect(value(samples, 'switchyard_limit_remaining', { deployment, dimension: 'tpm' })).toBe(87_000)
    expect(value(samples, 'switchyard_limit_remaining', { deployment, dimension: 'rpm' })).toBe(52)
    expect(value(samples, 'switchyard_limit_remaining', { deployment, dimension: 'in_flight' })).toBe(0)
    expect(value(samples, 'switchyard_calls_in_flight', { deployment })).toBe(2)
    expect(value(samples, 'switchyard_slots_booked', { deployment })).toBe(0)
    const untilMs = value(samples, 'switchyard_limited_until_timestamp_seconds', { deployment })! * 1_000
    expect(Math.abs(untilMs - Date.now() - 60_000)).toBeLessThan(10_000)
    const state = (breaker_state: string) => value(samples, 'switchyard_breaker_state', { deployment, breaker_state })
    expect([state('closed'), state('open'), state('half_open')]).toEqual([0, 1, 0])
    expect(value(samples, 'switchyard_breaker_open', { deployment, cause: 'overloaded' })).toBe(1)
    const reopensMs = value(samples, 'switchyard_breaker_reopens_timestamp_seconds', { deployment })! * 1_000
    expect(reopensMs).toBeGreaterThan(Date.now())
    expect(value(samples, 'switchyard_lane_jobs', { lane, state: 'waiting' })).toBe(2)
    expect(value(samples, 'switchyard_lane_jobs', { lane, state: 'delayed' })).toBe(1)
    expect(value(samples, 'switchyard_lane_jobs', { lane, state: 'active' })).toBe(0)
    expect(value(samples, 'switchyard_lane_oldest_wait_seconds', { lane })).toBeGreaterThanOrEqual(90)
    expect(value(samples, 'switchyard_lane_oldest_wait_seconds', { lane })).toBeLessThan(110)
    expect(value(samples, 'switchyard_lane_oldest_wait_seconds', { lane: `${lane}.batch` })).toBe(0)
    expect(value(samples, 'switchyard_project_waiting_tokens', { lane, project: 'proj_1' })).toBe(2_000)
    // 3 jobs of 10,000 tokens at 100,000 tokens a minute.
    expect(value(samples, 'switchyard_seconds_of_backlog_at_quota', { lane })).toBeCloseTo(18)
    expect(value(samples, 'switchyard_redis_memory_used_bytes')).toBeGreaterThan(1_000_000)
    for (const source of ['fleet', 'limits', 'lanes', 'health', 'memory'])
      expect(value(samples, 'switchyard_source_up', { source }), source).toBe(1)
  })

  it('says what it is, and gives browsers nothing to work with', async () => {
    const health = await fetch(`${control.url}/healthz`)
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
    expect(Object.fromEntries(health.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    })
    const missing = await fetch(`${control.url}/v1/chat/completions`, { method: 'POST', body: '{}' })
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: 'unknown_url' } }])
  })

  it('answers nobody who calls it by a name that is not its own', async () => {
    const asked = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(`${control.url}/metrics`, { headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        sent.on('error', reject).end()
      })
    expect(await asked('evil.example')).toBe(400)
    expect(await asked('localhost:1')).toBe(200)
  })

  it('asks for an operator’s key where others than this machine may come', async () => {
    const open = await start({ host: '0.0.0.0' })
    const store = createKeyStore({ redis })
    const keyWith = async (scopes: string[]) => {
      const key = newApiKey()
      const times = { createdAtMs: Date.now(), expiresAtMs: null, revokedAtMs: null }
      await store.put(key, {
        id: `key_${randomBytes(6).toString('hex')}`,
        project: `proj_${random}`,
        scopes,
        name: 'test',
        prefix: key.slice(0, 10),
        ...times,
      })
      return key
    }
    const ask = async (authorization?: string) => {
      const url = open.url.replace('0.0.0.0', '127.0.0.1')
      const response = await fetch(`${url}/metrics`, authorization === undefined ? {} : { headers: { authorization } })
      const text = await response.text()
      return [response.status, response.ok ? '' : (JSON.parse(text) as { error: { code: string } }).error.code]
    }
    try {
      expect(await ask()).toEqual([401, 'missing_api_key'])
      expect(await ask(`Bearer ${newApiKey()}`)).toEqual([401, 'invalid_api_key'])
      expect(await ask(`Bearer ${await keyWith(['inference', 'jobs.read'])}`)).toEqual([403, 'insufficient_scope'])
      expect(await ask(`Bearer ${await keyWith(['admin'])}`)).toEqual([200, ''])
      expect(await ask(`Bearer ${await keyWith([ALL_SCOPES])}`)).toEqual([200, ''])
    } finally {
      await open.stop()
    }
  })
})
