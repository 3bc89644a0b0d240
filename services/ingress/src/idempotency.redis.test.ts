import { randomUUID } from 'node:crypto'
import { failure } from '@switchyard/contract/broker-error'
import { newJobId } from '@switchyard/contract/ids'
import { claimIdempotencyKey, fingerprintOf } from '@switchyard/jobs/idempotency'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { required, type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let key: string
beforeAll(async () => {
  stack = await startStack()
})
beforeEach(() => {
  key = `order 17: ${randomUUID()}`
})
afterAll(() => stack.stop())

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [] })

function chunk(content: string): string {
  return JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })
}

function ask(body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  return stack.chat(body, { 'idempotency-key': key, ...headers })
}

const replayed = (response: Response) => response.headers.get('idempotency-replayed')

describe('an idempotency key', () => {
  it('gives the same answer of the same job while it runs and after its end', async () => {
    const asked = ask()
    const job = await stack.worker.next()
    expect(job.claim.record.spec.keepMs).toBe(86_400_000)
    const again = ask()
    await job.begin()
    await job.complete(ANSWER)
    const first = await asked
    const answers = [first, await again, await ask()]
    expect(answers.map(replayed)).toEqual([null, 'true', 'true'])
    for (const answer of answers) {
      expect([answer.status, await answer.text(), answer.headers.get('x-request-id')]).toEqual([200, ANSWER, job.id])
      expect(answer.headers.get('x-switchyard-cost-usd')).toBe('0.00125')
    }
  })

  it('gives the same failure with its status', async () => {
    for (const stream of [false, true]) {
      key = randomUUID()
      const asked = ask({ stream })
      const job = await stack.worker.next()
      await job.begin()
      await job.fail(failure('provider_error', 'All of it failed.'))
      const answers = [await asked, await ask({ stream })]
      expect(answers.map(({ status }) => status)).toEqual([502, 502])
      expect(answers.map(replayed)).toEqual([null, 'true'])
      expect(await answers[1]!.json()).toEqual(await answers[0]!.json())
    }
  })

  it('gives a stream from its first event on, while it runs and afterwards', async () => {
    const asked = ask({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'))
    const first = readEventStream(await asked)
    await first.has('id: 0')
    const response = await ask({ stream: true })
    expect(replayed(response)).toBe('true')
    const second = readEventStream(response)
    await second.has('id: 0')
    await job.append(chunk('b'))
    await job.complete(null)
    expect(await first.ended).toBe(true)
    expect(await second.ended).toBe(true)
    const whole = `id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: ${chunk('b')}\n\nid: 2\ndata: [DONE]\n\n`
    expect([first.text(), second.text(), await (await ask({ stream: true })).text()]).toEqual([whole, whole, whole])
  })

  it('gives the job to who prefers one', async () => {
    const accepted = await ask({}, { prefer: 'respond-async' })
    const again = await ask({}, { prefer: 'respond-async' })
    expect([accepted.status, again.status, replayed(accepted), replayed(again)]).toEqual([202, 202, null, 'true'])
    const { id } = await jobIn(accepted)
    expect((await jobIn(again)).id).toBe(id)
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    const done = await ask({}, { prefer: 'respond-async' })
    expect(await jobIn(done)).toMatchObject({ id, status: 'completed' })
  })

  it('is refused for another body, another endpoint, and not for another project', async () => {
    await ask({}, { prefer: 'respond-async' })
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    const others = [
      await ask({ temperature: 1 }),
      await stack.fetch('/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ model: stack.model, input: 'Hello' }),
      }),
    ]
    for (const response of others) {
      expect(response.status).toBe(422)
      expect(await errorIn(response)).toMatchObject({ code: 'idempotency_key_reused', param: 'Idempotency-Key' })
    }
    const foreign = stack.fetchAsOther('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, prefer: 'respond-async' },
      body: JSON.stringify({ model: stack.model, messages: [{ role: 'user', content: 'Hello' }] }),
    })
    const theirs = await stack.worker.next()
    expect(theirs.id).not.toBe(job.id)
    expect((await jobIn(await foreign)).id).toBe(theirs.id)
    await theirs.complete(ANSWER)
  })

  it('of a refused request is free', async () => {
    expect((await ask({ model: 'nobody' })).status).toBe(404)
    expect((await ask({ temperature: 9 })).status).toBe(400)
    const accepted = await ask({}, { prefer: 'respond-async' })
    expect([accepted.status, replayed(accepted)]).toEqual([202, null])
    await (await stack.worker.next()).complete(ANSWER)
  })

  it('whose maker died before the job is made good by the next, with the id that was promised', async () => {
    const jobId = newJobId()
    const redis = await connectRedis(required('TEST_REDIS_URL'), { role: 'producer', name: 'dead-maker' })
    const body = JSON.stringify({ model: stack.model, messages: [{ role: 'user', content: 'Hello' }] })
    const fingerprint = fingerprintOf('/v1/chat/completions', Buffer.from(body))
    await claimIdempotencyKey({ redis }, { project: stack.project, key, jobId, fingerprint })
    await disconnectRedis(redis)
    const asked = ask()
    const job = await stack.worker.next()
    expect(job.id).toBe(jobId)
    await job.begin()
    await job.complete(ANSWER)
    const response = await asked
    expect([response.status, await response.text(), replayed(response)]).toEqual([200, ANSWER, 'true'])
  })

  it('finds its job though the deadline of the request has passed', async () => {
    const deadlineMs = Date.now() + 1_500
    const body = { switchyard: { deadline: new Date(deadlineMs).toISOString() } }
    const asked = ask(body)
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    await asked
    await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThan(deadlineMs)
    expect((await stack.chat(body)).status).toBe(400)
    expect(await (await ask(body)).text()).toBe(ANSWER)
  })

  it('sent a thousand times at once makes one job, whose answer all get', { timeout: 60_000 }, async () => {
    for (const stream of [false, true]) {
      key = randomUUID()
      const asked = Array.from({ length: 1_000 }, () => ask({ stream }))
      const job = await stack.worker.next()
      await job.begin()
      if (stream) await job.append(chunk('a'))
      await job.complete(stream ? null : ANSWER)
      const answers = await Promise.all(asked)
      const texts = await Promise.all(answers.map((answer) => answer.text()))
      expect(new Set(texts)).toEqual(
        new Set([stream ? `id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: [DONE]\n\n` : ANSWER]),
      )
      expect(new Set(answers.map((answer) => answer.headers.get('x-request-id')))).toEqual(new Set([job.id]))
      expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1)
    }
    // Nothing else has come to the worker: the next job is the next request's.
    key = randomUUID()
    const { id } = await jobIn(await ask({}, { prefer: 'respond-async' }))
    const next = await stack.worker.next()
    expect(next.id).toBe(id)
    await next.complete(ANSWER)
  })
})

describe('a response under a key', () => {
  const create = (body: object) =>
    stack.fetch('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ model: stack.model, input: 'Hello', ...body }),
    })

  it('in the background is given as it is now', async () => {
    const first = (await (await create({ background: true })).json()) as { id: string }
    const job = await stack.worker.next()
    const again = await create({ background: true })
    expect(replayed(again)).toBe('true')
    expect(await again.json()).toMatchObject({ id: first.id, object: 'response', status: 'in_progress' })
    await job.begin()
    const answer = JSON.stringify({ id: first.id, object: 'response', status: 'completed', output: [] })
    await job.complete(answer)
    expect(await (await create({ background: true })).text()).toBe(answer)
  })
})

describe('what is no job', () => {
  const post = (path: string, body: object) =>
    stack.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    })

  async function sameOnce(create: () => Promise<Response>, times = 20): Promise<unknown> {
    const answers = await Promise.all(Array.from({ length: times }, create))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const [object, ...others] = await Promise.all(answers.map((answer) => answer.json() as Promise<{ id: string }>))
    for (const other of others) expect(other.id).toBe(object!.id)
    expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1)
    return object
  }

  it('a batch is made once', async () => {
    const missing = await post('/v1/batches', { ...BATCH, input_file_id: 'file-none' })
    expect(missing.status).toBe(404)
    const body = { ...BATCH, input_file_id: ((await (await upload()).json()) as { id: string }).id }
    key = `${key} again`
    await sameOnce(() => post('/v1/batches', body))
    const { data } = (await (await stack.fetch('/v1/batches')).json()) as { data: unknown[] }
    expect(data).toHaveLength(1)
    expect((await post('/v1/batches', { ...body, completion_window: '48h' })).status).toBe(422)
  })

  it('a webhook endpoint is made once, with its secret', async () => {
    const body = { name: 'orders', url: 'https://example.com/hook', event_types: ['job.completed'] }
    const first = await sameOnce(() => post('/v1/webhook_endpoints', body))
    expect(await (await post('/v1/webhook_endpoints', body)).json()).toEqual(first)
    expect(first).toHaveProperty('signing_secret')
    const { data } = (await (await stack.fetch('/v1/webhook_endpoints')).json()) as { data: unknown[] }
    expect(data).toHaveLength(1)
    expect((await post('/v1/webhook_endpoints', { ...body, name: 'other' })).status).toBe(422)
  })

  it('a file is made once, whatever its form looks like', async () => {
    const first = (await sameOnce(() => upload({ 'idempotency-key': key }), 6)) as { id: string }
    expect(await (await stack.fetch(`/v1/files/${first.id}/content`)).text()).toBe(LINES)
    expect((await upload({ 'idempotency-key': key }, `${LINES}\n`)).status).toBe(422)
    expect((await upload({ 'idempotency-key': key }, LINES, 'other.jsonl')).status).toBe(422)
    const { data } = (await (await stack.fetch('/v1/files?purpose=batch')).json()) as { data: { id: string }[] }
    expect(data.filter(({ id }) => id >= first.id)).toHaveLength(1)
  })
})

const BATCH = { endpoint: '/v1/chat/completions', completion_window: '24h' }
const LINES = '{"custom_id":"a"}'

function upload(headers: Record<string, string> = {}, content = LINES, name = 'lines.jsonl'): Promise<Response> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', new File([content], name))
  return stack.fetch('/v1/files', { method: 'POST', headers, body: form })
}
