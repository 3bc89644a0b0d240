import { failure } from '@switchyard/contract/broker-error'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

const ANSWER = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [] })

function chunk(content: string): string {
  return JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })
}

describe('a waiting caller', () => {
  it('gets the answer as the provider gave it, with who gave it and what it cost', async () => {
    const asked = stack.chat({ temperature: 0.2, top_k: 5 })
    const job = await stack.worker.next()
    expect(JSON.parse(await job.request())).toEqual({
      model: stack.model,
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0.2,
      top_k: 5,
    })
    expect(job.claim.record.spec).toMatchObject({
      stream: false,
      tier: 'interactive',
      keepMs: 3_600_000,
      onDisconnect: 'cancel',
      onBreak: 'fail',
      request: { bytes: expect.any(Number) },
      route: { hops: [{ lane: stack.lane, deployments: [{ id: stack.deployment, drop: [] }] }] },
    })
    expect(job.claim.record.spec.deadlineMs! - job.claim.record.spec.createdAtMs).toBe(600_000)
    await job.begin({ dropped: ['temperature'] })
    await job.complete(ANSWER)
    const response = await asked
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(ANSWER)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'x-request-id': job.id,
      'x-switchyard-deployment': `${stack.deployment} (simulator)`,
      'x-switchyard-dropped': 'temperature',
      'x-switchyard-attempts': '1',
      'x-switchyard-cost-usd': '0.00125',
    })
  })

  it('gets an answer that is too large for its frame', async () => {
    const large = JSON.stringify({ id: 'x', choices: [], filler: 'y'.repeat(300_000) })
    const asked = stack.chat()
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(large)
    expect(await (await asked).text()).toBe(large)
  })

  it('sends a large body, which travels byte for byte', async () => {
    const content = 'Ein langes Dokument. ¶ '.repeat(20_000)
    const asked = stack.chat({ messages: [{ role: 'user', content }] })
    const job = await stack.worker.next()
    expect(JSON.parse(await job.request()).messages[0].content).toBe(content)
    await job.begin()
    await job.complete(ANSWER)
    expect((await asked).status).toBe(200)
  })

  it('gets a failure with its own status', async () => {
    const asked = stack.chat()
    const job = await stack.worker.next()
    await job.begin()
    await job.fail({
      ...failure('provider_error', 'All of it failed.'),
      error: {
        ...failure('provider_error', 'All of it failed.').error,
        attempts: [{ deployment: stack.deployment, error_code: 'server', status: 500 }],
      },
    })
    const response = await asked
    expect(response.status).toBe(502)
    expect(response.headers.get('x-request-id')).toBe(job.id)
    expect(await response.json()).toEqual({
      error: {
        message: 'All of it failed.',
        type: 'server_error',
        param: null,
        code: 'provider_error',
        attempts: [{ deployment: stack.deployment, error_code: 'server', status: 500 }],
      },
    })
  })

  it('that leaves is a reader less: the job is left to on_disconnect', async () => {
    const gone = new AbortController()
    const asked = stack.chat({}, {}, gone.signal)
    const job = await stack.worker.next()
    await job.begin()
    gone.abort()
    await expect(asked).rejects.toThrow()
    const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key })
    await client.post(`/jobs/${job.id}/cancel`)
    await job.cancelled
  })
})

describe('Prefer', () => {
  it('respond-async: 202, the place, and the job', async () => {
    const response = await stack.chat(
      { metadata: { a: 'b' }, switchyard: { tags: { team: 'x' } } },
      { prefer: 'respond-async' },
    )
    expect(response.status).toBe(202)
    const body = await jobIn(response)
    expect(body).toMatchObject({
      object: 'job',
      status: 'queued',
      model: stack.model,
      metadata: { a: 'b' },
      tags: { team: 'x' },
      deadline: null,
      queue: { lane: stack.lane, position: expect.toSatisfy((place: unknown) => place === null || place === 0) },
    })
    expect(response.headers.get('location')).toBe(`/v1/jobs/${body.id}`)
    expect(response.headers.get('x-request-id')).toBe(body.id)
    const job = await stack.worker.next()
    expect(job.id).toBe(body.id)
    expect(job.claim.record.spec).toMatchObject({ onDisconnect: 'continue', keepMs: 86_400_000, deadlineMs: null })
    await job.begin()
    await job.complete(ANSWER)
    const result = await stack.fetch(`/v1/jobs/${body.id}/result`)
    expect([result.status, await result.text()]).toEqual([200, ANSWER])
    expect(result.headers.get('x-switchyard-cost-usd')).toBe('0.00125')
  })

  it('wait=N: the answer when it is there in time', async () => {
    const asked = stack.chat({}, { prefer: 'wait=30' })
    const job = await stack.worker.next()
    await job.begin()
    await job.complete(ANSWER)
    expect((await asked).status).toBe(200)
  })

  it('wait=N: else the job, which goes on', async () => {
    const response = await stack.chat({}, { prefer: 'wait=0' })
    expect(response.status).toBe(202)
    expect(response.headers.get('preference-applied')).toBe('wait=0')
    const { id } = await jobIn(response)
    const job = await stack.worker.next()
    expect(job.id).toBe(id)
    expect(job.claim.record.spec.onDisconnect).toBe('continue')
    await job.begin()
    await job.complete(ANSWER)
  })

  it('wait and stream exclude each other', async () => {
    const response = await stack.chat({ stream: true }, { prefer: 'wait=3' })
    expect([response.status, (await errorIn(response)).code]).toEqual([400, 'invalid_prefer'])
  })
})

describe('a stream', () => {
  it('is what the official client expects, from first chunk to [DONE]', async () => {
    const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
    const opened = client.chat.completions
      .create({ model: stack.model, messages: [{ role: 'user', content: 'Hi' }], stream: true })
      .withResponse()
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('Hel'))
    const { data, response } = await opened
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-request-id': job.id,
      'x-switchyard-deployment': `${stack.deployment} (simulator)`,
    })
    expect(response.headers.has('x-switchyard-attempts')).toBe(false)
    void job.append(chunk('lo'), chunk(' 𝄞')).then(() => job.complete(null))
    let text = ''
    for await (const part of data) text += part.choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello 𝄞')
  })

  it('numbers its events from 0 without a gap, the terminal one last', async () => {
    const opened = stack.chat({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'), chunk('b'))
    await job.complete(null)
    const response = await opened
    expect(await response.text()).toBe(
      `id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: ${chunk('b')}\n\nid: 2\ndata: [DONE]\n\n`,
    )
    const result = await (await stack.fetch(`/v1/jobs/${job.id}/result`)).json()
    expect(result).toMatchObject({ object: 'chat.completion', choices: [{ message: { content: 'ab' } }] })
  })

  it('that fails before its first event has the status of the failure', async () => {
    const opened = stack.chat({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.fail(failure('deadline_exceeded', 'too late'))
    const response = await opened
    expect([response.status, response.headers.get('content-type')]).toEqual([504, 'application/json'])
    expect(await response.json()).toEqual({ error: failure('deadline_exceeded', 'too late').error })
  })

  it('that fails later ends with an error event, which the official client throws', async () => {
    const opened = stack.chat({ stream: true })
    const job = await stack.worker.next()
    await job.begin()
    await job.append(chunk('a'))
    const events = readEventStream(await opened)
    await events.has('id: 0')
    const reason = failure('stream_interrupted', 'cut')
    await job.fail(reason)
    expect(await events.ended).toBe(true)
    expect(events.text()).toBe(
      `id: 0\ndata: ${chunk('a')}\n\nid: 1\nevent: error\ndata: ${JSON.stringify({ error: reason.error })}\n\n`,
    )
  })

  it('that nobody answers opens after the hold, and a failure is then an event', async () => {
    const impatient = await startStack({ tuning: { holdMs: 300 } })
    const opened = impatient.chat({ stream: true })
    const job = await impatient.worker.next()
    const response = await opened
    expect(response.status).toBe(200)
    const events = readEventStream(response)
    await events.has(': keep-alive')
    await job.begin()
    await job.fail(failure('provider_error', 'no'))
    expect(await events.ended).toBe(true)
    expect(events.text()).toContain('event: error')
    await impatient.stop()
  })

  it('with respond-async is followed at its events', async () => {
    const accepted = await stack.chat({ stream: true }, { prefer: 'respond-async' })
    const { id, events_url } = await jobIn(accepted)
    const events = readEventStream(await stack.fetch(events_url))
    const job = await stack.worker.next()
    expect(job.id).toBe(id)
    await job.begin()
    await job.append(chunk('a'))
    await events.has('id: 0')
    await job.complete(null)
    expect(await events.ended).toBe(true)
    expect(events.text()).toBe(`id: 0\ndata: ${chunk('a')}\n\nid: 1\ndata: [DONE]\n\n`)
  })
})

describe('options', () => {
  it('tier batch and service_tier flex go to the batch lane, without a deadline', async () => {
    for (const body of [{ switchyard: { tier: 'batch' } }, { service_tier: 'flex' }]) {
      const response = await stack.chat(body, { prefer: 'respond-async' })
      expect((await jobIn(response)).queue?.lane).toBe(`${stack.lane}.batch`)
    }
  })

  it('what was given is in the job', async () => {
    const response = await stack.chat(
      {
        switchyard: {
          deadline: 120,
          on_disconnect: 'cancel',
          on_break: 'restart',
          unsupported: 'strict',
          allow: [stack.deployment],
        },
      },
      { prefer: 'respond-async' },
    )
    const { deadline, created_at } = await jobIn(response)
    expect(deadline! - created_at).toBeGreaterThanOrEqual(119)
    const job = await stack.worker.next()
    expect(job.claim.record.spec).toMatchObject({ onDisconnect: 'cancel', onBreak: 'restart', unsupported: 'strict' })
    await job.begin()
    await job.complete(ANSWER)
  })

  it.each<[string, object, Record<string, string>, number, string, string | null]>([
    ['an unknown model', { model: 'nobody' }, {}, 404, 'model_not_found', 'model'],
    ['a deadline in the past', { switchyard: { deadline: -5 } }, {}, 400, 'invalid_deadline', 'switchyard.deadline'],
    ['a webhook to nobody', { switchyard: { webhook: 'whe_1' } }, {}, 400, 'invalid_value', 'switchyard.webhook'],
    ['an empty idempotency key', {}, { 'idempotency-key': '' }, 400, 'invalid_idempotency_key', 'Idempotency-Key'],
    [
      'an idempotency key of 256',
      {},
      { 'idempotency-key': 'k'.repeat(256) },
      400,
      'invalid_idempotency_key',
      'Idempotency-Key',
    ],
    [
      'a prompt over the window',
      { messages: [{ role: 'user', content: 'many words here '.repeat(60_000) }] },
      {},
      400,
      'context_length_exceeded',
      'messages',
    ],
    ['a denied deployment', { switchyard: { deny: ['nobody'] } }, {}, 400, 'invalid_value', 'switchyard.deny[0]'],
  ])('%s', async (_name, body, headers, status, code, param) => {
    const response = await stack.chat(body, headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9A-Z]{26}$/)
    expect(await errorIn(response)).toMatchObject({ code, param, type: 'invalid_request_error' })
  })
})
