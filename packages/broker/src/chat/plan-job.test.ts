import { catalogFrom, THREE_PROVIDERS } from '@switchyard/catalog/catalog-fixture'
import { unseenFleet } from '@switchyard/catalog/fleet-view'
import { newJobId } from '@switchyard/contract/ids'
import type { JobSpec } from '@switchyard/contract/job'
import { expect, test } from 'vitest'
import { planJob } from './plan-job.ts'
import { readChatRequest } from './read-chat-request.ts'

const catalog = catalogFrom(THREE_PROVIDERS.replace('grouped: {', 'grouped: { hedge: true,'))
const fleet = { catalog, ...unseenFleet(new Set(catalog.deployments.keys())) }

function plan(body: object, typicalOutput?: number): JobSpec {
  const bytes = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], ...body }))
  return planJob(
    { ...fleet, typicalOutput: () => typicalOutput },
    {
      id: newJobId(),
      payer: { project: 'proj_test', apiKey: 'key_test' },
      intake: readChatRequest(bytes),
      plain: true,
      webhook: undefined,
      bytes: bytes.length,
      traceparent: undefined,
    },
  )
}

test('that a model is hedged is frozen into its interactive jobs alone', () => {
  expect(plan({ model: 'grouped' }).hedge).toBe(true)
  expect(plan({ model: 'grouped', switchyard: { tier: 'batch' } })).not.toHaveProperty('hedge')
  expect(plan({ model: 'claude' })).not.toHaveProperty('hedge')
})

test.each([
  ['what most answers have', undefined, 300, 300],
  ['what most answers have, where the caller allows more', 16_000, 300, 300],
  ['what the caller allows, where that is less', 50, 300, 50],
  ['what the caller allows, of a model that nobody knows', 16_000, undefined, 16_000],
  ['a guess', undefined, undefined, 1_024],
])('the estimate of an output is %s', (_what, maxTokens, typical, expected) => {
  expect(plan({ model: 'claude', max_tokens: maxTokens }, typical).estimate.outputTokens).toBe(expected)
})
