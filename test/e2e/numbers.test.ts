import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { collect, type JobObject } from '../harness/api.ts'
import { type NumbersPage, total } from '../harness/numbers.ts'
import { api, numbers, simulator } from '../harness/shared.ts'

/** Every process publishes every 5 s. */
const PUBLISHED = { timeout: 15_000, interval: 250 }
const ask = { messages: [{ role: 'user', content: 'echo: one two three' }] }

beforeEach(async () => {
  await simulator.reset()
  await simulator.model('*', { firstTokenMs: 5, chunkDelayMs: 2 })
})

/** A page with all that was done before: nothing more comes within the time in which everybody publishes. */
async function settled(): Promise<NumbersPage> {
  const names = ['switchyard_jobs_ended_total', 'switchyard_attempts_total', 'switchyard_http_requests_total']
  for (let page = await numbers.page(); ; ) {
    await sleep(6_000)
    const next = await numbers.page()
    if (names.every((name) => since(page, next, name) === 0)) return next
    page = next
  }
}

/** What was counted of these between two pages; names and labels as in `total`. */
function since(before: NumbersPage, after: NumbersPage, name: string, ...labels: string[]): number {
  return total(after, name, ...labels) - total(before, name, ...labels)
}

describe('the page of numbers', () => {
  it('says what clients, jobs and providers saw, a fallback and a failure included', async () => {
    const before = await settled()
    const jobs: JobObject[] = []
    for (const stream of [false, true]) {
      const response = await api.chat({ ...ask, model: 'claude-haiku-4-5', stream })
      await collect(response)
      jobs.push(await api.job(response.headers.get('x-request-id')!))
    }
    await simulator.fault({ kind: 'status', status: 503, model: 'claude-opus-4-7' })
    jobs.push(await api.ended(await api.submit({ ...ask, model: 'claude-4-7-opus' })))
    await (await api.chat({ ...ask, model: 'no-such-model' })).text()
    const attempts = jobs.flatMap((job) => job.attempts)
    const called = (await Promise.all(jobs.map(({ id }) => simulator.callsOf(id)))).flat()
    expect(called).toHaveLength(attempts.length)

    let after = before
    await expect
      .poll(async () => {
        after = await numbers.page()
        return since(before, after, 'switchyard_jobs_ended_total', 'status="completed"')
      }, PUBLISHED)
      .toBe(3)
    await expect
      .poll(async () => {
        after = await numbers.page()
        return since(before, after, 'switchyard_http_requests_total', 'status="404"')
      }, PUBLISHED)
      .toBe(1)
    const count = (name: string, ...labels: string[]) => since(before, after, name, ...labels)

    // Calls, as the provider counted them and as the jobs show them.
    expect(count('switchyard_attempts_total')).toBe(called.length)
    expect(count('switchyard_attempts_total', 'deployment="opus"', 'error_class="overloaded"')).toBe(
      attempts.filter(({ deployment }) => deployment === 'opus').length,
    )
    const tokens = (kind: 'promptTokens' | 'completionTokens') =>
      called.filter(({ status }) => status === 200).reduce((sum, call) => sum + call[kind], 0)
    const inputs = ['input', 'cache_read', 'cache_write'].map((kind) =>
      count('switchyard_tokens_total', `kind="${kind}"`),
    )
    const outputs = ['output', 'reasoning'].map((kind) => count('switchyard_tokens_total', `kind="${kind}"`))
    expect(inputs.reduce((a, b) => a + b)).toBe(tokens('promptTokens'))
    expect(outputs.reduce((a, b) => a + b)).toBe(tokens('completionTokens'))
    expect(count('switchyard_cost_usd_total')).toBeCloseTo(
      attempts.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0),
      9,
    )
    // What followed the failure.
    expect(count('switchyard_fallbacks_total', 'from="frontier.anthropic"', 'error_class="overloaded"')).toBe(1)
    expect(count('switchyard_retries_total', 'lane="frontier.anthropic"')).toBe(
      attempts.filter(({ deployment }) => deployment === 'opus').length - 1,
    )
    // Jobs and their waits, and what clients were answered.
    expect(count('switchyard_jobs_accepted_total')).toBe(3)
    expect(count('switchyard_job_duration_seconds_count')).toBe(3)
    expect(count('switchyard_queue_wait_seconds_count')).toBe(4)
    expect(count('switchyard_time_to_first_token_seconds_count', 'deployment="haiku"')).toBeGreaterThanOrEqual(1)
    expect(count('switchyard_log_rows_total')).toBeGreaterThan(0)
    const posts = ['method="POST"', 'endpoint="/v1/chat/completions"']
    expect(count('switchyard_http_requests_total', ...posts, 'status="200"')).toBe(2)
    expect(count('switchyard_http_requests_total', ...posts, 'status="202"')).toBe(1)
    expect(count('switchyard_http_requests_total', ...posts, 'status="404"')).toBe(1)
    for (const role of ['ingress', 'worker', 'suspect', 'background', 'control'])
      expect(total(after, 'switchyard_fleet_members', `role="${role}"`), role).toBe(1)
    expect(total(after, 'switchyard_source_up')).toBeGreaterThanOrEqual(4)
  })

  it('shows a lane that waits for its quota: what is left, what is booked, and how long the rest will take', async () => {
    const before = await numbers.page()
    const ids = await Promise.all(Array.from({ length: 8 }, () => api.submit({ ...ask, model: 'metered' })))
    const ended = async () => {
      const jobs = await Promise.all(ids.map((id) => api.job(id)))
      return jobs.filter(({ status }) => status === 'completed').length
    }
    await expect.poll(ended, PUBLISHED).toBe(5)
    const lane = 'lane="metered.openai"'
    let page = before
    await expect
      .poll(async () => {
        page = await numbers.page()
        return since(before, page, 'switchyard_jobs_ended_total', lane)
      }, PUBLISHED)
      .toBe(5)
    const deployment = 'deployment="metered"'
    expect(total(page, 'switchyard_limit', deployment, 'dimension="rpm"')).toBe(5)
    expect(total(page, 'switchyard_limit_remaining', deployment, 'dimension="rpm"')).toBe(0)
    expect(total(page, 'switchyard_slots_booked', deployment)).toBe(3)
    const waiting = ['waiting', 'delayed', 'active'].map((state) =>
      total(page, 'switchyard_lane_jobs', lane, `state="${state}"`),
    )
    expect(waiting.reduce((a, b) => a + b)).toBe(3)
    expect(total(page, 'switchyard_lane_oldest_wait_seconds', lane)).toBeGreaterThan(0)
    // 3 jobs at 5 a minute.
    expect(total(page, 'switchyard_seconds_of_backlog_at_quota', lane)).toBeCloseTo(36)
    expect(since(before, page, 'switchyard_deferrals_total', lane)).toBeGreaterThanOrEqual(1)
    expect((await Promise.all(ids.map((id) => simulator.callsOf(id)))).flat()).toHaveLength(5)
    await Promise.all(ids.map((id) => api.cancel(id)))
  })
})
