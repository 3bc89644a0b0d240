import { describe, expect, test } from 'vitest'
import { assessDeployment } from './assess-deployment.ts'
import { catalogFrom } from './catalog-fixture.ts'
import { needsOf } from './needs.ts'

const catalog = catalogFrom(`
providers:
  openai: { kind: openai, apiKey: none }
  anthropic: { kind: anthropic, apiKey: none }
  google: { kind: google, apiKey: none }
  local: { kind: openai, baseUrl: "http://127.0.0.1:11434/v1", apiKey: none }
classes: { c: {} }
deployments:
  opus: { provider: anthropic, class: c, model: claude-opus-4-7 }
  sonnet: { provider: anthropic, class: c, model: claude-sonnet-4-5 }
  haiku: { provider: anthropic, class: c, model: claude-3-5-haiku-20241022 }
  gpt: { provider: openai, class: c, model: gpt-5.5 }
  gpt-next: { provider: openai, class: c, model: gpt-5.6-sol }
  gemini: { provider: google, class: c, model: gemini-3.1-pro-preview }
  flash: { provider: google, class: c, model: gemini-3.5-flash }
  local: { provider: local, class: c, model: gpt-5.6 }
  told: { provider: local, class: c, model: llama, promptCache: breakpoints }
  untold: { provider: anthropic, class: c, model: claude-opus-4-7, promptCache: none }
models: { m: { route: [opus] } }
`)
const deployment = (name: string) => catalog.deployments.get(name)!

test.each([
  ['opus', 'breakpoints', 4_096, false],
  ['sonnet', 'breakpoints', 1_024, false],
  ['haiku', 'breakpoints', 2_048, false],
  ['gpt', 'automatic', 1_024, true],
  ['gpt-next', 'breakpoints', 1_024, true],
  ['gemini', 'automatic', 4_096, false],
  ['flash', 'automatic', 1_024, false],
  ['local', 'automatic', 1_024, false],
  ['told', 'breakpoints', 1_024, false],
  ['untold', 'none', 4_096, false],
])('how %s caches', (name, mode, minTokens, keyed) => {
  expect(deployment(name).promptCache).toEqual({ mode, minTokens, keyed })
})

describe('marks in a request', () => {
  const needs = (ttl?: '12h', options: object = {}) =>
    needsOf({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [{ type: 'text', text: 'd', prompt_cache_breakpoint: { mode: 'explicit', ...(ttl && { ttl }) } }],
        },
      ],
      ...options,
    })
  const marks = ['prompt_cache_options', 'prompt_cache_breakpoint']

  test.each([
    ['opus', []],
    ['gpt-next', []],
    ['told', []],
    ['gpt', marks],
    ['gemini', marks],
    ['local', marks],
    ['untold', marks],
  ])('%s drops %j', (name, drop) => {
    const asked = needs(undefined, { prompt_cache_options: { mode: 'explicit' } })
    expect(assessDeployment(deployment(name), asked, null)).toEqual({ fits: true, drop })
  })

  test('half a day is longer than Anthropic keeps anything, and said so', () => {
    expect(assessDeployment(deployment('opus'), needs('12h'), null)).toEqual({
      fits: true,
      drop: ['prompt_cache_breakpoint.ttl'],
    })
    expect(assessDeployment(deployment('gpt-next'), needs('12h'), null)).toEqual({ fits: true, drop: [] })
  })

  test('strict names the first one', () => {
    expect(assessDeployment(deployment('gpt'), needs(), 'strict')).toMatchObject({
      fits: false,
      error: { code: 'unsupported_parameter', param: 'messages[1].content[0].prompt_cache_breakpoint' },
    })
  })
})
