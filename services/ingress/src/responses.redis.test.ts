import { failure } from '@switchyard/contract/broker-error'
import { eventData } from '@switchyard/contract/openai-responses/event-data'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { readEventStream } from './testing/read-events.ts'
import type { HeldJob } from './testing/stand-in-worker.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let client: OpenAI
beforeAll(async () => {
  stack = await startStack()
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
})
afterAll(() => stack.stop())

const respond = (body: object = {}, headers: Record<string, string> = {}) =>
  stack.fetch('/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: stack.model, input: 'Hello', ...body }),
  })
const responseIdOf = (job: HeldJob) => `resp_${job.id.slice(4)}`

const message = (text: string) => ({
  type: 'message' as const,
  id: 'msg_1',
  status: 'completed' as const,
  role: 'assistant' as const,
  content: [{ type: 'output_text' as const, text, annotations: [], logprobs: [] }],
})
/** As a worker makes it. */
const answer = (job: HeldJob, output: object[] = [message('Hi.')]) => ({
  id: responseIdOf(job),
  object: 'response',
  status: 'completed',
  output,
})

/** Asks, and answers as the worker; gives the response's id. */
async function answered(body: object = {}, output?: object[]): Promise<string> {
  const asked = respond(body)
  const job = await stack.worker.next()
  await job.begin()
  await job.complete(JSON.stringify(answer(job, output)))
  expect((await asked).status).toBe(200)
  return responseIdOf(job)
}

describe('a response', () => {
  it('is a job of its own dialect, kept for 30 days because it is stored', async () => {
    const asked = respond({ temperature: 0.5, metadata: { a: 'b' }, switchyard: { tags: { t: 'u' } } })
    const job = await stack.worker.next()
    expect(job.claim.record.spec).toMatchObject({
      endpoint: '/v1/responses',
      dialect: 'openai-responses',
      stream: false,
      keepMs: 30 * 24 * 3_600_000,
      onDisconnect: 'cancel',
      metadata: { a: 'b' },
      tags: { t: 'u' },
      response: { store: true, background: false, previousResponseId: null },
    })
    await job.begin()
    await job.complete(JSON.stringify(answer(job)))
    const response = await asked
    expect(await response.json()).toEqual(answer(job))
    expect(response.headers.get('x-request-id')).toBe(job.id)
    expect(await (await stack.fetch(`/v1/responses/${responseIdOf(job)}`)).json()).toEqual(answer(job))
    expect(await jobIn(await stack.fetch(`/v1/jobs/${job.id}`))).toMatchObject({ endpoint: '/v1/responses' })
  })

  it('with store: false is a plain request that nobody can come back to', async () => {
    const asked = respond({ store: false })
    const job = await stack.worker.next()
    expect(job.claim.record.spec.keepMs).toBe(3_600_000)
    await job.begin()
    await job.complete(JSON.stringify(answer(job)))
    await asked
    const id = responseIdOf(job)
    for (const path of [id, `${id}/input_items`, `${id}?stream=true`]) {
      expect((await stack.fetch(`/v1/responses/${path}`)).status).toBe(404)
    }
    const next = await respond({ previous_response_id: id })
    expect(next.status).toBe(404)
    expect(await errorIn(next)).toMatchObject({ code: 'previous_response_not_found', param: 'previous_response_id' })
  })

  it("of another project looks like one that doesn't exist", async () => {
    const id = await answered()
    for (const [method, path] of [
      ['GET', id],
      ['GET', `${id}/input_items`],
      ['POST', `${id}/cancel`],
      ['DELETE', id],
      ['GET', 'resp_nonsense'],
      ['GET', `${id}x`],
      ['GET', id.replace('resp_', 'job_')],
    ] as const) {
      const fetch = path === id || path.includes('/') ? stack.fetchAsOther : stack.fetch
      const response = await fetch(`/v1/responses/${path}`, { method })
      expect([response.status, (await errorIn(response)).code], `${method} ${path}`).toEqual([404, 'not_found'])
    }
    expect((await stack.fetch(`/v1/responses/${id}`)).status).toBe(200)
  })

  it('may be asked for as a job, or be waited for some seconds only', async () => {
    const accepted = await respond({}, { prefer: 'respond-async' })
    expect(accepted.status).toBe(202)
    const job = await stack.worker.next()
    expect(await jobIn(accepted)).toMatchObject({ id: job.id, endpoint: '/v1/responses' })
    expect(job.claim.record.spec).toMatchObject({ onDisconnect: 'continue', deadlineMs: null })
    await job.complete(JSON.stringify(answer(job)))
    const late = respond({}, { prefer: 'wait=0' })
    const other = await stack.worker.next()
    expect((await late).status).toBe(202)
    await other.complete(JSON.stringify(answer(other)))
  })

  it('that fails has the status of its failure', async () => {
    const asked = respond()
    const job = await stack.worker.next()
    await job.begin()
    await job.fail(failure('provider_error', 'All of it failed.'))
    expect([(await asked).status, (await errorIn(await asked)).code]).toEqual([502, 'provider_error'])
    expect(await (await stack.fetch(`/v1/responses/${responseIdOf(job)}`)).json()).toMatchObject({
      status: 'failed',
      error: { code: 'provider_error', message: 'All of it failed.' },
      output: [],
    })
  })
})

describe('a conversation', () => {
  it('goes to the worker whole: input and output of what was before, then what is new', async () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'secret' }
    const first = await answered({ input: 'one', instructions: 'not carried over' }, [reasoning, message('Hi.')])
    const second = await answered({ previous_response_id: first, input: [{ role: 'user', content: 'two' }] })
    const asked = respond({ previous_response_id: second, input: 'three', top_p: 0.5 })
    const job = await stack.worker.next()
    expect(JSON.parse(await job.request())).toEqual({
      model: stack.model,
      previous_response_id: second,
      top_p: 0.5,
      input: [
        { type: 'message', role: 'user', content: 'one' },
        { ...reasoning, switchyard_from: stack.deployment },
        message('Hi.'),
        { role: 'user', content: 'two' },
        message('Hi.'),
        { type: 'message', role: 'user', content: 'three' },
      ],
    })
    await job.complete(JSON.stringify(answer(job)))
    await asked
    const { data } = await client.responses.inputItems.list(responseIdOf(job), { order: 'asc' })
    expect(data.map(({ type }) => type)).toEqual(['message', 'reasoning', 'message', 'message', 'message', 'message'])
    expect(JSON.stringify(data)).not.toContain('switchyard')

    const latest = await client.responses.inputItems.list(responseIdOf(job), { limit: 4 })
    expect(latest.data).toEqual(data.toReversed().slice(0, 4))
    expect(latest.has_more).toBe(true)
    expect((await latest.getNextPage()).data).toEqual(data.toReversed().slice(4))

    await client.responses.delete(second)
    expect((await client.responses.inputItems.list(responseIdOf(job), { order: 'asc' })).data).toEqual(data)
    expect((await respond({ previous_response_id: second })).status).toBe(404)
  })

  it('that outgrows every context window is refused', async () => {
    const first = await answered({ input: 'word '.repeat(60_000) })
    const second = await answered({ previous_response_id: first, input: 'word '.repeat(60_000) })
    const refused = await respond({ previous_response_id: second, input: 'word '.repeat(60_000) })
    expect([refused.status, await errorIn(refused)]).toMatchObject([
      400,
      { code: 'context_length_exceeded', param: 'input' },
    ])
  })

  it('can not go on from what has not completed', async () => {
    const queued = await client.responses.create({ model: stack.model, input: 'x', background: true })
    const refused = await respond({ previous_response_id: queued.id })
    expect([refused.status, (await errorIn(refused)).param]).toEqual([400, 'previous_response_id'])
    const job = await stack.worker.next()
    await job.complete(JSON.stringify(answer(job)))
  })

  it.each(['limit=0', 'limit=101', 'order=up', 'after=msg_x', 'after='])('refuses the page %s', async (query) => {
    const response = await stack.fetch(`/v1/responses/${await answered()}/input_items?${query}`)
    expect([response.status, (await errorIn(response)).param]).toEqual([400, query.split('=')[0]])
  })
})

describe('in the background', () => {
  it('is answered as queued, runs on, and can be cancelled', async () => {
    const queued = await client.responses.create({
      model: stack.model,
      input: 'x',
      instructions: 'y',
      background: true,
    })
    expect(queued).toMatchObject({ status: 'queued', background: true, instructions: 'y', output: [], usage: null })
    const job = await stack.worker.next()
    expect(responseIdOf(job)).toBe(queued.id)
    expect(job.claim.record.spec).toMatchObject({ onDisconnect: 'continue', deadlineMs: null })
    await job.begin()
    expect(await client.responses.retrieve(queued.id)).toMatchObject({ status: 'in_progress', instructions: 'y' })
    const cancelled = await client.responses.cancel(queued.id)
    expect(cancelled).toMatchObject({ status: 'cancelled', error: { code: 'job_cancelled' }, instructions: 'y' })
    await job.cancelled
    expect(await client.responses.cancel(queued.id)).toEqual(cancelled)
  })

  it('is cancelled by being deleted', async () => {
    const { id } = await client.responses.create({ model: stack.model, input: 'x', background: true })
    const job = await stack.worker.next()
    await client.responses.delete(id)
    await job.cancelled
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await expect(client.responses.delete(id)).rejects.toMatchObject({ status: 404 })
  })

  it('streamed, tells its id before its first event', async () => {
    const response = await respond({ background: true, stream: true })
    const job = await stack.worker.next()
    expect([response.status, response.headers.get('x-request-id')]).toEqual([200, job.id])
    const events = readEventStream(response)
    await job.begin()
    await job.append(eventData('response.created', 0, { response: answer(job) }))
    await events.has('event: response.created')
    await job.complete(null, eventData('response.completed', 1, { response: answer(job) }))
    expect(await events.ended).toBe(true)
    expect(events.text()).toContain('id: 1\nevent: response.completed\n')
    expect(events.text()).not.toContain('[DONE]')
    const again = await stack.fetch(`/v1/responses/${responseIdOf(job)}?stream=true`)
    expect(await again.text()).toBe(events.text())
  })

  it('only: what somebody waits for is not cancelled this way', async () => {
    const response = await stack.fetch(`/v1/responses/${await answered()}/cancel`, { method: 'POST' })
    expect(response.status).toBe(400)
    expect((await errorIn(response)).message).toBe('Cannot cancel a synchronous response.')
  })

  it('needs to be stored', async () => {
    const response = await respond({ background: true, store: false })
    expect([response.status, (await errorIn(response)).param]).toEqual([400, 'store'])
  })
})

it('has no events to stream that was not made with a stream', async () => {
  const id = await answered()
  for (const stream of ['true', '1']) {
    const response = await stack.fetch(`/v1/responses/${id}?stream=${stream}`)
    expect([response.status, (await errorIn(response)).param]).toEqual([400, 'stream'])
  }
  expect((await stack.fetch(`/v1/responses/${id}?stream=false&include[]=message.output_text.logprobs`)).status).toBe(
    200,
  )
})
