import { beforeAll, describe, expect, it } from 'vitest'
import type { JobObject } from '../harness/api.ts'
import { createBatch, endedBatch, requestLine } from '../harness/batches.ts'
import { api, simulator } from '../harness/shared.ts'

const QUESTIONS = 200
/** Without a cache every question costs the same, so some stand for all. */
const PLAIN_QUESTIONS = 40
const AT_ONCE = 8
/** 200,000 characters are 50,000 of the simulator's tokens. */
const DOCUMENT = 'All work and no play makes Jack a dull boy. '.repeat(4_546).slice(0, 200_000)
/** What reading the whole document anew takes the simulated model. A real one takes a second or two. */
const READ_MS = 100

const body = (question: number, cache: 'auto' | 'off') => ({
  model: 'documents',
  max_tokens: 40,
  messages: [
    { role: 'system', content: 'Answer from the document alone, in one sentence.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: DOCUMENT },
        { type: 'text', text: `Question ${question}: what does Jack do on day ${question}?` },
      ],
    },
  ],
  switchyard: { prompt_cache: cache },
})

interface CachedJob extends JobObject {
  cost_usd: number
  attempts: (JobObject['attempts'][number] & { ttft_ms: number })[]
  usage: JobObject['usage'] & { cache: { read_tokens: number; hit_ratio: number; saved_usd: number } }
}

/** Streams the answers of so many questions, some at a time; their jobs, in order. */
async function askAll(cache: 'auto' | 'off', questions: number): Promise<CachedJob[]> {
  const jobs: CachedJob[] = []
  let next = 0
  async function ask(): Promise<void> {
    for (let question = next++; question < questions; question = next++) {
      const response = await api.chat({ ...body(question, cache), stream: true })
      expect(response.status).toBe(200)
      await response.text()
      jobs[question] = (await api.job(response.headers.get('x-request-id')!)) as CachedJob
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  return jobs
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
const costOf = (jobs: CachedJob[]) => sum(jobs.map((job) => job.cost_usd))
const show = (figures: object) => process.stdout.write(`${JSON.stringify(figures)}\n`)
const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
const ttftOf = (jobs: CachedJob[]) => median(jobs.map((job) => job.attempts[0]!.ttft_ms))

describe('200 questions over one document of 50,000 tokens', () => {
  let plain: CachedJob[]
  /** What all of them cost without a cache. */
  let plainUsd: number
  beforeAll(async () => {
    await simulator.reset()
    await simulator.model('claude-sonnet-4-5', { firstTokenMs: 10, chunkDelayMs: 0, readMsPerKTok: READ_MS / 50 })
    plain = await askAll('off', PLAIN_QUESTIONS)
    plainUsd = (costOf(plain) / PLAIN_QUESTIONS) * QUESTIONS
  }, 120_000)

  it('cost at most 30 % of what they cost without a cache, and are answered sooner', { timeout: 120_000 }, async () => {
    const cached = await askAll('auto', QUESTIONS)
    const share = costOf(cached) / plainUsd
    const figures = {
      plain_usd: plainUsd,
      cached_usd: costOf(cached),
      share,
      saved_usd: sum(cached.map((job) => job.usage.cache.saved_usd)),
      hit_ratio:
        sum(cached.map((job) => job.usage.cache.read_tokens)) / sum(cached.map((job) => job.usage.input_tokens)),
      plain_ttft_ms: ttftOf(plain),
      cached_ttft_ms: ttftOf(cached),
    }
    show(figures)
    expect(sum(plain.map((job) => job.usage.cache.read_tokens))).toBe(0)
    expect(share).toBeLessThanOrEqual(0.3)
    expect(figures.saved_usd).toBeCloseTo(figures.plain_usd - figures.cached_usd, 1)
    expect(cached.at(-1)!.usage.cache.hit_ratio).toBeGreaterThan(0.99)
    expect(figures.cached_ttft_ms).toBeLessThan(figures.plain_ttft_ms - READ_MS / 2)
  })

  it('and as a batch write the cache once', { timeout: 180_000 }, async () => {
    await simulator.reset()
    await simulator.model('claude-sonnet-4-5', { firstTokenMs: 10, chunkDelayMs: 0 })
    const lines = Array.from({ length: QUESTIONS }, (_, i) => requestLine(`q-${i}`, '', body(i, 'auto')))
    const batch = await endedBatch(api, (await createBatch(api, lines)).id)
    expect(batch).toMatchObject({ status: 'completed', request_counts: { completed: QUESTIONS, failed: 0 } })
    const calls = await simulator.calls({ model: 'claude-sonnet-4-5' })
    const share = batch.switchyard.cost_usd! / plainUsd
    show({ batch_usd: batch.switchyard.cost_usd, share })
    expect(calls.filter((call) => call.cacheWriteTokens > 0)).toHaveLength(1)
    expect(share).toBeLessThanOrEqual(0.12)
    expect(batch.switchyard.cache.hit_ratio).toBeGreaterThan(0.98)
    expect(batch.switchyard.cache.saved_usd).toBeCloseTo(plainUsd - batch.switchyard.cost_usd!, 1)
  })
})
