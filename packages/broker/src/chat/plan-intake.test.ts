import { catalogFrom } from '@switchyard/catalog/catalog-fixture'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { BrokerError } from '@switchyard/contract/broker-error'
import { expect, it } from 'vitest'
import { readResponsesRequest } from '../responses/read-responses-request.ts'
import { jobTerms } from './job-terms.ts'
import { expectedOutputTokens, type Fleet, planIntake } from './plan-intake.ts'
import { planJob } from './plan-job.ts'
import { type ChatIntake, readChatRequest } from './read-chat-request.ts'

const catalog = catalogFrom(`
providers: { a: { kind: openai, baseUrl: "http://a.test/v1", apiKey: none } }
classes: { frontier: {}, fast: {} }
deployments:
  deep: { provider: a, class: frontier, model: x, price: { inputPerMTok: 5, outputPerMTok: 25 }, maxOutput: 8000 }
  quick: { provider: a, class: fast, model: y, price: { inputPerMTok: 1, outputPerMTok: 5 }, maxOutput: 8000 }
models:
  auto: { policy: balanced, candidates: [deep, quick], tasks: { architecture: deep } }
`)
const fleet: Fleet = { catalog, ...unseenFleet(new Set(['deep', 'quick'])) }

const read = (body: object, reader: (bytes: Buffer) => ChatIntake = readChatRequest) =>
  reader(Buffer.from(JSON.stringify({ model: 'auto', ...body })))
const messages = [{ role: 'user', content: 'hi' }]
const specOf = (body: object) =>
  planJob(fleet, {
    id: 'job_1',
    payer: { project: 'p', apiKey: 'k' },
    intake: read({ messages, ...body }),
    plain: true,
    webhook: undefined,
    bytes: 1,
    traceparent: undefined,
  })

it('a job keeps what it was routed by: its task, its cap and what bounds its answer', () => {
  const spec = specOf({ max_tokens: 100, n: 2, switchyard: { task: 'architecture', max_cost_usd: 0.1 } })
  expect(spec).toMatchObject({
    task: 'architecture',
    maxCostNanoUsd: 100_000_000,
    answerBound: { tokens: 100, choices: 2 },
    route: { policy: 'balanced', hops: [{ lane: 'frontier.a' }, { lane: 'fast.a' }] },
  })
  expect(specOf({})).not.toHaveProperty('maxCostNanoUsd')
  expect(specOf({})).not.toHaveProperty('task')
})

it('a strategy of the request counts for more than the model’s policy', () => {
  expect(specOf({ switchyard: { strategy: 'ordered' } }).route).toMatchObject({
    policy: 'ordered',
    hops: [{ lane: 'frontier.a' }, { lane: 'fast.a' }],
  })
})

it('a cap that nobody keeps is refused, naming it', () => {
  const intake = read({ input: 'hi', switchyard: { max_cost_usd: 0.000001 } }, readResponsesRequest)
  try {
    planIntake(fleet, 'p', intake, jobTerms(intake, true))
    expect.unreachable()
  } catch (error) {
    if (!BrokerError.is(error)) throw error
    expect(error).toMatchObject({ code: 'invalid_value', param: 'switchyard.max_cost_usd', status: 400 })
    expect(error.message).toContain('its prompt alone may cost')
  }
})

it('an answer is expected to be as long as the project’s mostly are, within what was asked for', () => {
  const learned: Fleet = { ...fleet, typicalOutput: (project) => (project === 'p' ? 300 : undefined) }
  const expected = (project: string, body: object) =>
    expectedOutputTokens(learned, project, read({ messages, ...body }))
  expect(expected('p', {})).toBe(300)
  expect(expected('p', { max_tokens: 100, n: 2 })).toBe(200)
  expect(expected('p', { max_tokens: 5_000 })).toBe(300)
  expect(expected('other', {})).toBe(1_024)
})
