import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

const explain = (body: object, headers: Record<string, string> = {}) =>
  stack.fetch('/v1/route', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: stack.model, ...body }),
  })
const messages = [{ role: 'user', content: 'Hello' }]

describe('POST /v1/route', () => {
  it('says where a chat completion would go, why, and what is expected of it', async () => {
    const response = await explain({ messages, max_tokens: 100, switchyard: { strategy: 'balanced', task: 'chat' } })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      object: 'route',
      endpoint: '/v1/chat/completions',
      model: stack.model,
      deployment: stack.deployment,
      lane: stack.lane,
      expected: { wait_ms: 0, ttft_ms: null, total_ms: expect.any(Number), cost_usd: null },
      estimate: { input_tokens: expect.any(Number), output_tokens: 100 },
      policy: 'balanced',
      task: 'chat',
      hops: [{ lane: stack.lane, deployments: [{ deployment: stack.deployment, dropped: [] }] }],
      reasons: [
        {
          deployment: stack.deployment,
          included: true,
          reason: 'fits',
          score: 1,
          expected: { wait_ms: 0, ttft_ms: null, total_ms: expect.any(Number), cost_usd: null },
        },
      ],
    })
  })

  it('takes the body of a response, and of any size', async () => {
    expect(await (await explain({ input: 'Hello' })).json()).toMatchObject({
      endpoint: '/v1/responses',
      policy: 'ordered',
      expected: { wait_ms: 0 },
    })
    expect(await (await explain({ input: 'Hello again. '.repeat(25_000) })).json()).toMatchObject({
      endpoint: '/v1/responses',
    })
  })

  it('refuses what the endpoint would, with the same error', async () => {
    const refused = async (body: object) => {
      const response = await explain(body)
      return { status: response.status, ...(await errorIn(response)) }
    }
    expect(await refused({ messages, model: 'nobody' })).toMatchObject({ status: 404, code: 'model_not_found' })
    expect(await refused({ messages, temperature: 9 })).toMatchObject({ status: 400, param: 'temperature' })
    expect(await refused({ input: 'x', previous_response_id: 'resp_missing' })).toMatchObject({
      code: 'previous_response_not_found',
    })
    // Nothing says what this deployment costs.
    expect(await refused({ messages, switchyard: { max_cost_usd: 5 } })).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'switchyard.max_cost_usd',
    })
    const tooLong = 'word '.repeat(250_000)
    expect(await refused({ input: tooLong })).toMatchObject({ code: 'context_length_exceeded', param: 'input' })
  })

  it('runs nothing and keeps nothing', async () => {
    const list = async () => ((await (await stack.fetch('/v1/jobs')).json()) as { data: unknown[] }).data.length
    const before = await list()
    await explain({ messages })
    expect(await list()).toBe(before)
  })
})

describe('a job', () => {
  it('shows afterwards how it was routed', async () => {
    const response = await stack.chat({ switchyard: { strategy: 'latency' } }, { prefer: 'respond-async' })
    const { id } = await jobIn(response)
    const job = (await (await stack.fetch(`/v1/jobs/${id}`)).json()) as { route: object }
    expect(job.route).toMatchObject({
      policy: 'latency',
      task: null,
      reasons: [{ deployment: stack.deployment, included: true, reason: 'fits', score: 1 }],
    })
  })
})
