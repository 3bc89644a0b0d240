import { describe, expect, it } from 'vitest'
import type { Attempt, JobRecord } from './job.ts'
import { jobObject, toJobObject } from './job-object.ts'
import { usdDecimal } from './usd.ts'

const attempt: Attempt = {
  number: 1,
  fence: 1,
  hop: 0,
  deployment: 'opus',
  provider: 'anthropic',
  model: 'claude-opus-4-7',
  simulated: false,
  dropped: [],
  status: 'completed',
  errorClass: null,
  errorMessage: null,
  httpStatus: 200,
  startedAtMs: 1_790_000_001_000,
  ttftMs: 120,
  durationMs: 310,
  usage: { inputTokens: 10, cachedInputTokens: 4, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 2 },
  usageSource: 'provider',
  costNanoUsd: 1_250_000,
  priceId: 'p1',
  estimate: { inputTokens: 9, outputTokens: 9, costNanoUsd: 1 },
}

const record: JobRecord = {
  spec: {
    v: 1,
    id: 'job_01JABCDEFGHJKMNPQRSTVWXYZ0',
    project: 'proj_a',
    apiKey: 'key_a',
    endpoint: '/v1/chat/completions',
    dialect: 'openai-chat',
    model: 'claude-4-7-opus',
    stream: false,
    includeUsage: false,
    tier: 'interactive',
    route: {
      policy: 'ordered',
      hops: [
        { lane: 'frontier.anthropic', deployments: [] },
        { lane: 'frontier.openai', deployments: [] },
      ],
      reasons: [],
    },
    createdAtMs: 1_790_000_000_999,
    deadlineMs: null,
    keepMs: 3_600_000,
    onDisconnect: 'cancel',
    onBreak: 'fail',
    unsupported: null,
    metadata: { a: 'b' },
    tags: { team: 'x' },
    estimate: { inputTokens: 1, outputTokens: 1 },
    request: { bytes: 10 },
  },
  status: 'queued',
  hop: 1,
  lane: 'frontier.openai',
  delivery: 2,
  fence: 1,
  owner: null,
  leaseUntilMs: null,
  crashes: 0,
  read: false,
  startedAtMs: null,
  completedAtMs: null,
  attempts: [],
  failure: null,
  archive: null,
  notBeforeMs: null,
  expiresAtMs: null,
  resultBlob: null,
}

describe('toJobObject', () => {
  it('is what its schema says', () => {
    const standing = { position: 3, etaMs: 4_190, etaRangeMs: [960, 12_000], waitingFor: 'lane' } as const
    const object = toJobObject(record, standing)
    expect(jobObject.strict().parse(object)).toEqual(object)
    expect(object).toMatchObject({
      status: 'queued',
      created_at: 1_790_000_000,
      queue: {
        lane: 'frontier.openai',
        position: 3,
        eta_seconds: 4.2,
        eta_range_seconds: [1, 12],
        waiting_for: 'lane',
      },
      cost_usd: 0,
      result_url: '/v1/jobs/job_01JABCDEFGHJKMNPQRSTVWXYZ0/result',
    })
  })

  it('has no queue once it runs, and adds up what all attempts used', () => {
    const failed: Attempt = {
      ...attempt,
      status: 'failed',
      errorClass: 'overloaded',
      usage: null,
      usageSource: 'none',
      costNanoUsd: null,
    }
    const object = toJobObject({ ...record, status: 'completed', attempts: [failed, attempt, attempt] })
    expect(object.queue).toBeNull()
    expect(object.usage).toEqual({
      input_tokens: 20,
      cached_tokens: 8,
      output_tokens: 10,
      total_tokens: 30,
      cache: { read_tokens: 8, write_tokens: 0, hit_ratio: 0.4, saved_usd: 0 },
    })
    expect(object.cost_usd).toBe(0.0025)
    expect(object.attempts[0]).toMatchObject({ error_code: 'overloaded', cost_usd: 0 })
    expect(object.attempts[1]).toMatchObject({ ttft_ms: 120, duration_ms: 310, cost_usd: 0.00125 })
  })

  it('reports an unpriced attempt as unpriced, never as free', () => {
    const object = toJobObject({
      ...record,
      status: 'completed',
      attempts: [attempt, { ...attempt, costNanoUsd: null }],
    })
    expect(object.attempts[1]?.cost_usd).toBeNull()
    expect(object.cost_usd).toBeNull()
  })

  it('does not count a running attempt', () => {
    const running: Attempt = { ...attempt, status: 'in_progress', usage: null, usageSource: 'none', costNanoUsd: null }
    const object = toJobObject({ ...record, status: 'in_progress', attempts: [attempt, running] })
    expect(object.attempts[1]?.cost_usd).toBeNull()
    expect(object.cost_usd).toBe(0.00125)
  })
})

describe('usdDecimal', () => {
  it.each([
    [0, '0'],
    [1, '0.000000001'],
    [1_250_000, '0.00125'],
    [1_000_000_000, '1'],
    [12_000_000_010, '12.00000001'],
  ])('%d', (nano, text) => expect(usdDecimal(nano)).toBe(text))
})

it('the route says what is tried, and why each candidate is in or out', () => {
  const routed: JobRecord = {
    ...record,
    spec: {
      ...record.spec,
      task: 'code_repair',
      route: {
        policy: 'balanced',
        hops: [{ lane: 'fast.anthropic', deployments: [{ id: 'haiku', drop: ['seed'] }] }],
        reasons: [
          {
            deployment: 'haiku',
            included: true,
            reason: 'fits without seed',
            score: 0.8,
            expected: { waitMs: 0, ttftMs: null, totalMs: 9_000, costNanoUsd: 1_500_000 },
          },
          { deployment: 'opus', included: false, reason: 'no live worker serves it' },
        ],
      },
    },
  }
  expect(toJobObject(routed).route).toEqual({
    policy: 'balanced',
    task: 'code_repair',
    hops: [{ lane: 'fast.anthropic', deployments: [{ deployment: 'haiku', dropped: ['seed'] }] }],
    reasons: [
      {
        deployment: 'haiku',
        included: true,
        reason: 'fits without seed',
        score: 0.8,
        expected: { wait_ms: 0, ttft_ms: null, total_ms: 9_000, cost_usd: 0.0015 },
      },
      { deployment: 'opus', included: false, reason: 'no live worker serves it', score: null, expected: null },
    ],
  })
  expect(toJobObject(record).route).toMatchObject({ policy: 'ordered', task: null })
})
