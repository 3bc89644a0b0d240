import { readFileSync } from 'node:fs'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import { describe, expect, test } from 'vitest'
import { catalogFrom } from './catalog-fixture.ts'
import { unseenFleet } from './fleet-view.ts'
import { needsOf } from './needs.ts'
import { planInput } from './plan-fixture.ts'
import type { PlanInput } from './plan-input.ts'
import { planRoute } from './plan-route.ts'

const catalog = catalogFrom(readFileSync(new URL('../../../infra/catalog.yaml', import.meta.url), 'utf8'))
const all = unseenFleet(new Set(catalog.deployments.keys()))

function plan(model: string, body: object = {}) {
  const request = chatRequest.parse({ model, messages: [{ role: 'user', content: 'hi' }], ...body })
  return planRoute(catalog, all, planInput(model, needsOf(request)))
}

test('the models of the field', () => {
  expect([...catalog.models.keys()]).toEqual(
    expect.arrayContaining([
      'claude-4-7-opus',
      'gpt-5-5-pro',
      'gemini-3-1-pro',
      'claude-haiku-4-5',
      'text-embedding-3-small',
    ]),
  )
})

test('Claude Opus takes a client that sends a temperature, leaves it out and says so', () => {
  expect(plan('claude-4-7-opus', { temperature: 0.2, stream: true })).toMatchObject({
    route: {
      hops: [
        { lane: 'frontier.anthropic', deployments: [{ id: 'opus', drop: ['temperature'] }] },
        { lane: 'frontier.openai', deployments: [{ id: 'gpt' }] },
        { lane: 'frontier.google', deployments: [{ id: 'gemini', drop: [] }] },
      ],
    },
  })
})

test('a schema for a model without schemas is refused by name, and taken by the others', () => {
  const body = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }
  expect(plan('deepseek-v4-flash', body)).toMatchObject({
    error: { code: 'unsupported_parameter', param: 'response_format', status: 400 },
  })
  for (const model of ['claude-4-7-opus', 'gpt-5-5-pro', 'gemini-3-1-pro', 'claude-haiku-4-5'])
    expect(plan(model, body)).toHaveProperty('route')
})

test('every chat model plans a plain request; all but DeepSeek have a price', () => {
  for (const model of catalog.models.keys()) {
    if (model !== 'text-embedding-3-small') expect(plan(model)).toHaveProperty('route')
  }
  const unpriced = [...catalog.deployments.values()].filter(({ price }) => price === null).map(({ name }) => name)
  expect(unpriced).toEqual(['deepseek-flash'])
})

describe('auto', () => {
  const lead = (switchyard: Partial<PlanInput['options']> = {}, body: object = {}) => {
    const request = chatRequest.parse({ model: 'auto', messages: [{ role: 'user', content: 'hi' }], ...body })
    const options = { unsupported: null, tier: 'interactive' as const, ...switchyard }
    const planned = planRoute(catalog, all, planInput('auto', needsOf(request), { options }))
    if ('error' in planned) throw planned.error
    return planned.route.hops[0]!.deployments[0]!.id
  }

  test('architecture goes to the deep model, all else to a fast one', () => {
    expect(lead({ task: 'architecture' })).toBe('opus')
    for (const task of ['execution', 'summaries', undefined]) expect(lead({ task })).toBe('flash')
    for (const task of ['code_repair', 'terminal_execution']) {
      expect(catalog.deployments.get(lead({ task }))?.class).toBe('fast')
    }
  })

  test('a prompt of 1.2 M tokens goes to the only window that holds it, whatever is asked', () => {
    const body = { messages: [{ role: 'user', content: 'word '.repeat(1_200_000) }] }
    for (const task of ['architecture', undefined]) expect(lead({ task }, body)).toBe('long')
    expect(lead({ strategy: 'cost' }, body)).toBe('long')
  })

  test('each strategy has its own favourite', () => {
    expect(lead({ strategy: 'quality', task: 'code_repair' })).toBe('opus')
    expect(lead({ strategy: 'quality', task: 'terminal_execution' })).toBe('gpt-base')
    expect(lead({ strategy: 'latency' })).toBe('flash')
    expect(lead({ strategy: 'cost' })).toBe('gpt-mini')
  })
})
