import type { Tier, Unsupported } from '@switchyard/contract/job'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogFrom, THREE_PROVIDERS } from './catalog-fixture.ts'
import { unseenFleet } from './fleet-view.ts'
import { HINTS } from './kind-capabilities.ts'
import { laneOf } from './lane-of.ts'
import { needsOf } from './needs.ts'
import { planInput } from './plan-fixture.ts'
import { planRoute } from './plan-route.ts'

const catalog = catalogFrom(THREE_PROVIDERS)
const everything = new Set(catalog.deployments.keys())

interface Plan {
  available?: Iterable<string>
  unsupported?: Unsupported
  allow?: string[]
  deny?: string[]
  tier?: Tier
}

function plan(model: string, body: object = {}, options: Plan = {}) {
  const { available = everything, unsupported = null, allow, deny, tier = 'interactive' } = options
  const request = chatRequest.parse({ model, messages: [{ role: 'user', content: 'hello' }], ...body })
  const input = planInput(model, needsOf(request), { options: { unsupported, allow, deny, tier } })
  return planRoute(catalog, unseenFleet(new Set(available)), input)
}

/** `frontier.anthropic: opus(-temperature), …` for each hop. */
function hops(planned: ReturnType<typeof plan>): string[] {
  if ('error' in planned) throw planned.error
  return planned.route.hops.map(({ lane, deployments }) => {
    const names = deployments.map(({ id, drop }) => (drop.length === 0 ? id : `${id}(-${drop.join(' -')})`))
    return `${lane}: ${names.join(', ')}`
  })
}

function refusal(planned: ReturnType<typeof plan>) {
  if ('route' in planned) throw new Error(`planned ${hops(planned).join(' | ')}`)
  return { code: planned.error.code, param: planned.error.param }
}

const image = (url: string) => ({
  messages: [
    { role: 'system', content: 'x' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url } },
      ],
    },
  ],
})
const schema = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }
const tool = { tools: [{ type: 'function', function: { name: 'f' } }] }

describe('hops', () => {
  test('each entry of a route is a hop, in its order', () => {
    expect(hops(plan('claude'))).toEqual(['frontier.anthropic: opus', 'frontier.openai: gpt'])
  })

  test('a group becomes one hop for each lane', () => {
    expect(hops(plan('grouped'))).toEqual([
      'frontier.anthropic: opus',
      'frontier.openai: gpt, gpt-old',
      'fast.anthropic: haiku',
      'frontier.google: gemini',
    ])
  })

  test('batch work has lanes of its own', () => {
    expect(hops(plan('claude', {}, { tier: 'batch' }))[0]).toBe('frontier.anthropic.batch: opus')
  })

  test('candidates of an ordered policy are hops', () => {
    expect(hops(plan('candidates'))).toEqual(['fast.anthropic: haiku', 'frontier.anthropic: opus'])
  })

  test('only what live workers announced, with the reasons for the rest', () => {
    const planned = plan('claude', {}, { available: ['gpt'] })
    expect(hops(planned)).toEqual(['frontier.openai: gpt'])
    expect('route' in planned && planned.route.reasons).toEqual([
      { deployment: 'opus', included: false, reason: 'no live worker serves it' },
      { deployment: 'gpt', included: true, reason: 'fits' },
    ])
  })
})

describe('allow and deny', () => {
  test.each([
    [{ allow: ['gpt'] }, ['frontier.openai: gpt']],
    [{ allow: ['anthropic'] }, ['frontier.anthropic: opus']],
    [{ deny: ['anthropic'] }, ['frontier.openai: gpt']],
  ])('%j', (options, expected) => expect(hops(plan('claude', {}, options))).toEqual(expected))

  test.each([
    [{ allow: ['google'] }, 'switchyard.allow'],
    [{ deny: ['openai', 'opus'] }, 'switchyard.deny'],
    [{ deny: ['opus', 'antropic'] }, 'switchyard.deny[1]'],
  ])('%j leaves nobody or means nothing: a 400 that names it', (options, param) => {
    expect(refusal(plan('claude', {}, options))).toEqual({ code: 'invalid_value', param })
  })
})

describe('parameters that a deployment can’t honour', () => {
  test('sampling hints are dropped and named, where it matters only', () => {
    expect(hops(plan('claude', { temperature: 0.2, seed: 1 }))).toEqual([
      'frontier.anthropic: opus(-temperature -seed)',
      'frontier.openai: gpt(-temperature)',
    ])
    expect(hops(plan('gemini', { temperature: 0.2, seed: 1 }))).toEqual(['frontier.google: gemini'])
  })

  test('strict refuses them as well, naming the first', () => {
    const options: Plan = { unsupported: 'strict' }
    expect(refusal(plan('claude', { temperature: 0.2 }, options))).toEqual({
      code: 'unsupported_parameter',
      param: 'temperature',
    })
  })

  test.each([
    ['claude', { n: 2 }, 'n', ['frontier.openai: gpt']],
    ['claude', { verbosity: 'low' }, 'verbosity', ['frontier.openai: gpt']],
    ['claude', { functions: [] }, 'functions', ['frontier.openai: gpt']],
    ['claude', { logit_bias: { 5: 1 } }, 'logit_bias', []],
    ['claude', { logprobs: true, top_logprobs: 3 }, 'logprobs', []],
    ['gemini', { ...tool, parallel_tool_calls: false }, 'parallel_tool_calls', []],
    ['gemini', { something_new: 1 }, 'something_new', []],
    ['old', schema, 'response_format', []],
    ['old', { reasoning_effort: 'low' }, 'reasoning_effort', []],
  ] as const)('%s with %j: %s keeps it off', (model, body, param, expected) => {
    if (expected.length > 0) expect(hops(plan(model, body))).toEqual(expected)
    else expect(refusal(plan(model, body))).toEqual({ code: 'unsupported_parameter', param })
  })

  test.each(['warn', 'drop'] as const)('%s drops any parameter', (unsupported) => {
    expect(hops(plan('old', schema, { unsupported }))).toEqual(['frontier.openai: gpt-old(-response_format)'])
    expect(hops(plan('gemini', { ...tool, parallel_tool_calls: false }, { unsupported }))).toEqual([
      'frontier.google: gemini(-parallel_tool_calls)',
    ])
  })

  test.each([
    { n: 1, logprobs: false, top_logprobs: 0, modalities: ['text'], store: false, service_tier: 'auto' },
    { response_format: { type: 'text' }, tool_choice: 'none', parallel_tool_calls: false, verbosity: 'medium' },
    { frequency_penalty: 0, presence_penalty: 0, logit_bias: {}, metadata: {}, seed: null, stop: null },
    { ...tool, parallel_tool_calls: true, tool_choice: 'auto', metadata: { a: 'b' }, stop: ['x'], max_tokens: 5 },
  ])('what everybody does or takes is no reason: %j', (body) => {
    expect(hops(plan('gemini', body))).toEqual(['frontier.google: gemini'])
    expect(hops(plan('claude', body))[0]).toBe('frontier.anthropic: opus')
  })

  test('Claude is told not to call tools side by side', () => {
    expect(hops(plan('claude', { ...tool, parallel_tool_calls: false }))[0]).toBe('frontier.anthropic: opus')
  })

  test('a compatible server takes an answer of the assistant at the end', () => {
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'y' },
    ]
    expect(hops(plan('claude', { messages }))).toEqual(['frontier.openai: gpt'])
  })

  test('a compatible server judges by itself what is unknown here', () => {
    expect(hops(plan('llama', { something_new: 1, logprobs: true, n: 3 }))).toEqual(['fast.local: llama'])
  })
})

describe('content that a deployment can’t read', () => {
  test('is never dropped, and the error names its place', () => {
    const body = image('https://example.com/a.png')
    const refused = { code: 'unsupported_parameter', param: 'messages[1].content[1].image_url' }
    expect(refusal(plan('gemini', body))).toEqual(refused)
    expect(refusal(plan('gemini', body, { unsupported: 'drop' }))).toEqual(refused)
    expect(hops(plan('gemini', image('data:image/png;base64,AAAA')))).toEqual(['frontier.google: gemini'])
    expect(hops(plan('claude', body))[0]).toBe('frontier.anthropic: opus')
  })

  test.each([
    [
      [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }] }],
      'messages[0].content[0].input_audio',
    ],
    [
      [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }],
      'messages[0].content[0].file.file_id',
    ],
    [
      [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'y' },
      ],
      'messages[1]',
    ],
  ])('%j on Claude', (messages, param) => {
    expect(refusal(plan('claude', { messages }, { allow: ['opus'] }))).toEqual({ code: 'unsupported_parameter', param })
  })

  test('tool calls in the conversation, where tools are not known', () => {
    const without = catalogFrom(
      THREE_PROVIDERS.replace('maxOutput: 2000', 'maxOutput: 2000, capabilities: { tools: false }'),
    )
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const ask = (body: object, unsupported: Unsupported | null = null) => {
      const request = chatRequest.parse({ model: 'llama', messages: [{ role: 'user', content: 'x' }], ...body })
      const options = { unsupported, tier: 'interactive' as const }
      return planRoute(without, unseenFleet(everything), planInput('llama', needsOf(request), { options }))
    }
    expect(refusal(ask(tool))).toEqual({ code: 'unsupported_parameter', param: 'tools' })
    expect(hops(ask({ ...tool, tool_choice: 'required' }, 'warn'))).toEqual(['fast.local: llama(-tools -tool_choice)'])
    const history = [
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', content: 'y', tool_call_id: 'c' },
    ]
    expect(refusal(ask({ messages: history }, 'drop'))).toEqual({
      code: 'unsupported_parameter',
      param: 'messages[1].tool_calls',
    })
  })
})

describe('sizes', () => {
  const long = { messages: [{ role: 'user', content: 'some words to read '.repeat(4_000) }] }

  test('a prompt that is surely too long goes to the larger window, or is refused', () => {
    expect(hops(plan('llama-then-opus', long))).toEqual(['frontier.anthropic: opus'])
    expect(refusal(plan('llama', long))).toEqual({ code: 'context_length_exceeded', param: 'messages' })
  })

  test('an estimate that is only a little over is left to the model', () => {
    const close = { messages: [{ role: 'user', content: 'some words to read '.repeat(2_300) }] }
    expect(hops(plan('llama', close))).toEqual(['fast.local: llama'])
  })

  test('an answer longer than the model writes', () => {
    expect(refusal(plan('llama', { max_tokens: 2_001 }))).toEqual({ code: 'invalid_value', param: 'max_tokens' })
    expect(refusal(plan('llama', { max_completion_tokens: 9_000 }))).toEqual({
      code: 'invalid_value',
      param: 'max_completion_tokens',
    })
    expect(hops(plan('llama-then-opus', { max_tokens: 2_001 }))).toEqual(['frontier.anthropic: opus'])
  })
})

describe('the best error', () => {
  test.each(['nothing', 'opus', '__proto__', 'constructor', 'anthropic'])('%s is not a model', (model) => {
    expect(refusal(plan(model))).toEqual({ code: 'model_not_found', param: 'model' })
  })

  test('a model of another kind is no chat model', () => {
    expect(refusal(plan('embed'))).toEqual({ code: 'model_not_found', param: 'model' })
  })

  test('nobody is there: come back', () => {
    const planned = plan('claude', {}, { available: [] })
    expect(refusal(planned)).toEqual({ code: 'no_healthy_deployment', param: null })
    expect('error' in planned && planned.error.status).toBe(503)
    expect('error' in planned && planned.error.retryAfterMs).toBeGreaterThan(0)
  })

  test('somebody who could is away: come back; nobody could: a fault of the request, whoever is away', () => {
    expect(refusal(plan('claude', { n: 2 }, { available: ['opus'] })).code).toBe('no_healthy_deployment')
    expect(refusal(plan('old', schema, { available: [] })).code).toBe('unsupported_parameter')
  })
})

test('properties: in order, no deployment twice, only hints dropped unless allowed, a reason for each', () => {
  const parameters = fc.record(
    {
      temperature: fc.constant(0.5),
      seed: fc.constant(1),
      n: fc.constant(2),
      logit_bias: fc.constant({ 1: 1 }),
      top_p: fc.constant(0.5),
      response_format: fc.constant(schema.response_format),
      unheard_of: fc.constant(true),
    },
    { requiredKeys: [] },
  )
  const names = fc.subarray([...catalog.deployments.keys()])
  const models = fc.constantFrom(...[...catalog.models.keys()].filter((name) => name !== 'auto'))
  const rules = fc.constantFrom<(Unsupported | undefined)[]>(undefined, 'strict', 'warn', 'drop')
  fc.assert(
    fc.property(
      models,
      parameters,
      names,
      rules,
      fc.constantFrom<Tier[]>('interactive', 'batch'),
      (model, body, available, unsupported, tier) => {
        const planned = plan(model, body, { available, unsupported, tier })
        if ('error' in planned) return
        const { route } = planned
        const order = catalog.models.get(model)!.route.flat()
        const used = route.hops.flatMap((hop) => hop.deployments.map(({ id }) => ({ id, lane: hop.lane })))
        expect(new Set(used.map(({ id }) => id)).size).toBe(used.length)
        for (const { id, lane } of used) {
          expect(available).toContain(id)
          expect(lane).toBe(laneOf(catalog.deployments.get(id)!, tier))
        }
        const entries = catalog.models.get(model)!.route
        const places = used.map(({ id }) => entries.findIndex((entry) => entry.includes(id)))
        expect(places).toEqual([...places].sort((x, y) => x - y))
        const dropped = route.hops.flatMap((hop) => hop.deployments.flatMap(({ drop }) => drop))
        if (unsupported === 'strict') expect(dropped).toEqual([])
        if (unsupported === undefined) for (const parameter of dropped) expect(HINTS).toContain(parameter)
        for (const parameter of dropped) expect(Object.keys(body)).toContain(parameter)
        expect(route.reasons.map(({ deployment }) => deployment)).toEqual(order)
        expect(route.reasons.filter(({ included }) => included)).toHaveLength(used.length)
      },
    ),
    { numRuns: 500 },
  )
})
