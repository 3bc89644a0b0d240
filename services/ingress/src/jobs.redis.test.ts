import { failure } from '@switchyard/contract/broker-error'
import { newJobId } from '@switchyard/contract/ids'
import { jobObject } from '@switchyard/contract/job-object'
import { jobKeys } from '@switchyard/jobs/keys'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import type { HeldJob } from './testing/stand-in-worker.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ tuning: { streams: { perKey: 12, perJob: 5 } } })
})
afterAll(() => stack.stop())

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', choices: [] })

/** A stored job, and its worker. */
async function start(body: object = {}): Promise<HeldJob> {
  const { id } = await jobIn(await stack.chat(body, { prefer: 'respond-async' }))
  const job = await stack.worker.next()
  expect(job.id).toBe(id)
  return job
}

/** As the expiry of its key does. */
async function expireLog(jobId: string): Promise<void> {
  const redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'producer', name: 'expire' })
  await redis.del(jobKeys(jobId).events)
  await disconnectRedis(redis)
}

async function streamed(lines: number): Promise<{ job: HeldJob; text: string }> {
  const job = await start({ stream: true })
  await job.begin()
  const data = Array.from({ length: lines }, (_, i) => `{"n":${i},"é":"𝄞"}`)
  await job.append(...data)
  await job.complete(null)
  const events = [...data, '[DONE]'].map((line, i) => `id: ${i}\ndata: ${line}\n\n`)
  return { job, text: events.join('') }
}

describe('GET /v1/jobs/{id}', () => {
  it('shows a job from queue to end', async () => {
    const { id } = await jobIn(await stack.chat({ switchyard: { tier: 'batch' } }, { prefer: 'respond-async' }))
    const waiting = await jobIn(await stack.fetch(`/v1/jobs/${id}`))
    expect(jobObject.parse(waiting)).toMatchObject({
      status: 'queued',
      queue: { lane: `${stack.lane}.batch`, position: expect.any(Number) },
    })

    const job = await start()
    await job.begin()
    expect(await jobIn(await stack.fetch(`/v1/jobs/${job.id}`))).toMatchObject({
      status: 'in_progress',
      queue: null,
      attempts: [{ deployment: stack.deployment, status: 'in_progress', cost_usd: null }],
    })
    await job.complete(ANSWER)
    const done = await jobIn(await stack.fetch(`/v1/jobs/${job.id}`))
    expect(jobObject.parse(done)).toMatchObject({
      status: 'completed',
      attempts: [{ status: 'completed', cost_usd: 0.00125, ttft_ms: 5, duration_ms: 10 }],
      usage: {
        input_tokens: 7,
        cached_tokens: 2,
        output_tokens: 3,
        total_tokens: 10,
        cache: { read_tokens: 2, write_tokens: 0, hit_ratio: 0.2857, saved_usd: 0 },
      },
      cost_usd: 0.00125,
      error: null,
      result_url: `/v1/jobs/${job.id}/result`,
      events_url: `/v1/jobs/${job.id}/events`,
    })
  })

  it.each<[string, string]>([
    ['an unknown id', newJobId()],
    ['a malformed id', 'job_x'],
    ['a lower-case id', newJobId().toLowerCase()],
    ['a glob', 'job_*'],
    ['a NUL', '%00'],
    ['a path', '..%2f..%2fetc'],
    ['a very long id', 'a'.repeat(400)],
  ])('of %s is the same 404', async (_name, id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/result'],
      ['GET', '/events'],
      ['POST', '/cancel'],
    ] as const) {
      const response = await stack.fetch(`/v1/jobs/${id}${path}`, { method })
      expect(response.status).toBe(404)
      expect(await errorIn(response)).toEqual(failure('not_found', 'There is no such job.', { param: 'job_id' }).error)
    }
  })

  it('of another project is the same 404', async () => {
    const { job } = await streamed(1)
    for (const path of ['', '/result', '/events']) {
      const response = await stack.fetchAsOther(`/v1/jobs/${job.id}${path}`)
      expect(response.status).toBe(404)
      expect(await errorIn(response)).toEqual(failure('not_found', 'There is no such job.', { param: 'job_id' }).error)
    }
    expect((await stack.fetchAsOther(`/v1/jobs/${job.id}/cancel`, { method: 'POST' })).status).toBe(404)
  })
})

describe('GET /v1/jobs/{id}/result', () => {
  it('is 409 before the end, and whatever a waiting client would have had after it', async () => {
    const job = await start()
    const early = await stack.fetch(`/v1/jobs/${job.id}/result`)
    expect([early.status, (await errorIn(early)).code]).toEqual([409, 'job_not_finished'])
    await job.begin()
    const reason = failure('context_length_exceeded', 'too long', { param: 'messages' })
    await job.fail(reason)
    const result = await stack.fetch(`/v1/jobs/${job.id}/result`)
    expect([result.status, await errorIn(result)]).toEqual([400, reason.error])
    expect(result.headers.get('x-request-id')).toBe(job.id)
    expect(result.headers.get('x-switchyard-attempts')).toBe('1')
  })

  it('of a cancelled job is 499', async () => {
    const job = await start()
    await stack.fetch(`/v1/jobs/${job.id}/cancel`, { method: 'POST' })
    const result = await stack.fetch(`/v1/jobs/${job.id}/result`)
    expect([result.status, (await errorIn(result)).code]).toEqual([499, 'job_cancelled'])
  })
})

describe('past retention', () => {
  it('result and events are gone, the job is not', async () => {
    const { job } = await streamed(2)
    await expireLog(job.id)
    for (const path of ['/result', '/events', '/events?starting_after=1']) {
      const response = await stack.fetch(`/v1/jobs/${job.id}${path}`)
      expect([response.status, (await errorIn(response)).code]).toEqual([410, 'stream_expired'])
    }
    expect((await stack.fetch(`/v1/jobs/${job.id}`)).status).toBe(200)
  })
})

describe('POST /v1/jobs/{id}/cancel', () => {
  it('is idempotent, before and after the end', async () => {
    const job = await start()
    const first = await jobIn(await stack.fetch(`/v1/jobs/${job.id}/cancel`, { method: 'POST' }))
    await job.cancelled
    const again = await jobIn(await stack.fetch(`/v1/jobs/${job.id}/cancel`, { method: 'POST', body: '' }))
    expect(first).toMatchObject({ id: job.id, status: 'cancelled', error: { code: 'job_cancelled' } })
    expect(again).toEqual(first)
    const { job: done } = await streamed(1)
    expect(await jobIn(await stack.fetch(`/v1/jobs/${done.id}/cancel`, { method: 'POST' }))).toMatchObject({
      status: 'completed',
    })
  })

  it('ends the stream that follows the job', async () => {
    const opened = stack.chat({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append('{"n":0}')
    const events = readEventStream(await opened)
    await events.has('id: 0')
    await stack.fetch(`/v1/jobs/${job.id}/cancel`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(await events.ended).toBe(true)
    expect(events.text()).toMatch(/id: 1\nevent: error\ndata: \{"error":\{.*"code":"job_cancelled"/)
  })
})

describe('GET /v1/jobs/{id}/events', () => {
  it('gives the bytes of the stream, from any place on', async () => {
    const { job, text } = await streamed(30)
    const whole = await stack.fetch(`/v1/jobs/${job.id}/events`)
    expect(whole.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(whole.headers.get('x-request-id')).toBe(job.id)
    expect(await whole.text()).toBe(text)
    for (const after of [0, 13, 29]) {
      const rest = text.slice(text.indexOf(`id: ${after + 1}\n`))
      expect(await (await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=${after}`)).text()).toBe(rest)
      const headers = { 'last-event-id': String(after) }
      expect(await (await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=2`, { headers })).text()).toBe(rest)
    }
  })

  it('has nothing more to give behind the last event', async () => {
    const { job } = await streamed(3)
    expect((await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=3`)).status).toBe(204)
  })

  it.each(['-1', '4', '1000000000000000000', 'abc', '1.0', ''])(
    'refuses starting_after=%s of an ended log',
    async (cursor) => {
      const { job } = await streamed(3)
      const response = await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=${cursor}`)
      expect([response.status, (await errorIn(response)).code]).toEqual([400, 'invalid_cursor'])
    },
  )

  it('follows a running job from any place on, and refuses a place that is not there yet', async () => {
    const job = await start({ stream: true })
    await job.begin()
    await job.append('a', 'b', 'c')
    const beyond = await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=3`)
    expect([beyond.status, (await errorIn(beyond)).code]).toEqual([400, 'invalid_cursor'])
    const readers = await Promise.all(
      ['', '?starting_after=0', '?starting_after=2'].map(async (query) =>
        readEventStream(await stack.fetch(`/v1/jobs/${job.id}/events${query}`)),
      ),
    )
    await readers[1]!.has('id: 2')
    await job.append('d')
    await job.complete(null)
    const tail = 'id: 3\ndata: d\n\nid: 4\ndata: [DONE]\n\n'
    expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual([true, true, true])
    expect(readers.map((reader) => reader.text())).toEqual([
      `id: 0\ndata: a\n\nid: 1\ndata: b\n\nid: 2\ndata: c\n\n${tail}`,
      `id: 1\ndata: b\n\nid: 2\ndata: c\n\n${tail}`,
      tail,
    ])
  })

  it('continues a stream whose client broke off, byte for byte', async () => {
    const gone = new AbortController()
    const opened = stack.chat({ stream: true }, {}, gone.signal)
    const job = await stack.worker.next()
    await job.begin()
    await job.append('a', 'b')
    const first = readEventStream(await opened)
    await first.has('id: 1')
    gone.abort()
    expect(await first.ended).toBe(false)
    const resumed = readEventStream(
      await stack.fetch(`/v1/jobs/${job.id}/events`, { headers: { 'last-event-id': '1' } }),
    )
    await job.append('c')
    await job.complete(null)
    expect(await resumed.ended).toBe(true)
    expect(first.text() + resumed.text()).toBe(
      ['a', 'b', 'c', '[DONE]'].map((line, i) => `id: ${i}\ndata: ${line}\n\n`).join(''),
    )
  })

  it('of a job that was not streamed tells its states', async () => {
    const job = await start()
    const events = readEventStream(await stack.fetch(`/v1/jobs/${job.id}/events`))
    await job.begin()
    await job.complete(ANSWER)
    expect(await events.ended).toBe(true)
    const names = [...events.text().matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
    expect(names[0]).toBe('job.status')
    expect(names.at(-1)).toBe('job.completed')
    expect(names).toContain('job.attempt')
    // Once it has ended too.
    const replayed = await stack.fetch(`/v1/jobs/${job.id}/events`)
    expect([replayed.status, await replayed.text()]).toEqual([200, events.text()])
    expect((await stack.fetch(`/v1/jobs/${job.id}/events?starting_after=${names.length - 1}`)).status).toBe(204)
  })

  it('of a failed stream shows the log as it is', async () => {
    const job = await start({ stream: true })
    await job.begin()
    const reason = failure('provider_error', 'no')
    await job.fail(reason)
    const response = await stack.fetch(`/v1/jobs/${job.id}/events`)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(`id: 0\nevent: error\ndata: ${JSON.stringify({ error: reason.error })}\n\n`)
  })

  it('is limited per job and per key', async () => {
    const job = await start({ stream: true })
    const other = await start({ stream: true })
    const gone = new AbortController()
    const open = (id: string) => stack.fetch(`/v1/jobs/${id}/events`, { signal: gone.signal })
    const five = await Promise.all(Array.from({ length: 5 }, () => open(job.id)))
    expect(five.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const sixth = await open(job.id)
    expect([sixth.status, (await errorIn(sixth)).code]).toEqual([429, 'too_many_streams'])
    expect(sixth.headers.get('retry-after')).toBe('1')
    const more = await Promise.all(Array.from({ length: 5 }, () => open(other.id)))
    const third = await start({ stream: true })
    const last = await Promise.all(Array.from({ length: 3 }, () => open(third.id)))
    expect([...more, ...last].map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 429])
    gone.abort()
    await expect
      .poll(
        async () =>
          (await stack.fetch(`/v1/jobs/${job.id}/events`, { method: 'GET', signal: AbortSignal.timeout(500) })).status,
      )
      .toBe(200)
    for (const held of [job, other, third]) await stack.fetch(`/v1/jobs/${held.id}/cancel`, { method: 'POST' })
  })
})
