import type { RoutePolicy } from '@switchyard/contract/job'
import type { Observed } from '@switchyard/contract/observed'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogFrom } from './catalog-fixture.ts'
import type { FleetView } from './fleet-view.ts'
import { needsOf } from './needs.ts'
import { planInput } from './plan-fixture.ts'
import type { PlanInput } from './plan-input.ts'
import { planRoute } from './plan-route.ts'

/** `deep`: dear, slow, best. `quick`: quick and middling. `thrifty`: cheap, slow, poor. `long`: the only large window. `free`: unpriced. */
const catalog = catalogFrom(`
providers:
  a: { kind: openai, baseUrl: "http://a.test/v1", apiKey: none }
  b: { kind: openai, baseUrl: "http://b.test/v1", apiKey: none }
classes: { frontier: {}, fast: {} }
deployments:
  deep: { provider: a, class: frontier, model: x, contextWindow: 1000000, maxOutput: 8000, price: { inputPerMTok: 5, cachedInputPerMTok: 0.5, cacheWritePerMTok: 6.25, outputPerMTok: 25 }, typical: { firstToken: 2s, tokensPerSecond: 60 }, scores: { code_repair: 0.64, terminal_execution: 0.66 } }
  quick: { provider: b, class: fast, model: y, contextWindow: 200000, maxOutput: 8000, price: { inputPerMTok: 1, outputPerMTok: 5 }, typical: { firstToken: 500ms, tokensPerSecond: 200 }, scores: { code_repair: 0.5, terminal_execution: 0.7 } }
  thrifty: { provider: a, class: fast, model: z, contextWindow: 400000, maxOutput: 8000, price: { inputPerMTok: 0.2, outputPerMTok: 0.8 }, typical: { firstToken: 4s, tokensPerSecond: 40 }, scores: { general: 0.3 } }
  long: { provider: b, class: frontier, model: w, contextWindow: 2000000, price: { inputPerMTok: 2.5, outputPerMTok: 5 } }
  unpriced: { provider: b, class: frontier, model: v, contextWindow: 1000000 }
  twin: { provider: b, class: fast, model: y, price: { inputPerMTok: 1, outputPerMTok: 5 }, typical: { firstToken: 500ms, tokensPerSecond: 200 }, scores: { code_repair: 0.5, terminal_execution: 0.7 }, weight: 3 }
  whole: { provider: a, class: frontier, model: u, maxOutput: 8000, streams: false, price: { inputPerMTok: 5, outputPerMTok: 25 } }
models:
  whole: { route: [whole] }
  auto: { policy: balanced, candidates: [deep, quick, thrifty, long], tasks: { architecture: deep } }
  ordered: { route: [[deep, quick], thrifty] }
  ruled: { route: [quick, thrifty], tasks: { architecture: deep } }
  twins: { policy: latency, candidates: [quick, twin] }
  priced-or-not: { policy: cost, candidates: [unpriced, deep] }
  alone: { route: [deep] }
`)
const all = new Set(catalog.deployments.keys())
const HEALTHY: Observed = {
  breaker: 'closed',
  reopensAtMs: null,
  cause: null,
  calls: 100,
  errorRate: 0,
  ttftMs: null,
  tokensPerSecond: null,
}

interface Given {
  options?: Partial<PlanInput['options']>
  input?: Partial<PlanInput>
  body?: object
  seen?: Record<string, Partial<Observed>>
  waits?: Record<string, number>
  available?: Iterable<string>
}

function plan(model: string, given: Given = {}) {
  const request = chatRequest.parse({ model, messages: [{ role: 'user', content: 'hello' }], ...given.body })
  const view: FleetView = {
    available: new Set(given.available ?? all),
    observed: (name) => (given.seen?.[name] ? { ...HEALTHY, ...given.seen[name] } : undefined),
    predictedWaitMs: (lane) => given.waits?.[lane] ?? null,
  }
  const options = { unsupported: null, tier: 'interactive' as const, ...given.options }
  return planRoute(catalog, view, planInput(model, needsOf(request), { ...given.input, options }))
}

function route(...[model, given]: Parameters<typeof plan>) {
  const planned = plan(model, given)
  if ('error' in planned) throw planned.error
  return planned.route
}

/** Names in the order in which they would be tried. */
const order = (...args: Parameters<typeof plan>) =>
  route(...args).hops.flatMap(({ deployments }) => deployments.map(({ id }) => id))

function error(...[model, given]: Parameters<typeof plan>) {
  const planned = plan(model, given)
  if ('route' in planned) throw new Error('it was planned')
  return planned.error
}

const by = (strategy: RoutePolicy, task?: string): Given => ({ options: { strategy, task } })

describe('the policies', () => {
  test('cost, latency and quality lead with the cheapest, the quickest and the best', () => {
    expect(order('auto', by('cost'))[0]).toBe('thrifty')
    expect(order('auto', by('latency'))[0]).toBe('quick')
    expect(order('auto', by('quality', 'code_repair'))[0]).toBe('deep')
  })

  test('quality is that of the task', () => {
    expect(order('auto', by('quality', 'terminal_execution'))[0]).toBe('quick')
  })

  test('balanced takes the quick one for everyday work', () => {
    expect(order('auto')[0]).toBe('quick')
  })

  test('a strategy replaces the policy of a model, also one with a route', () => {
    expect(route('ordered', by('cost'))).toMatchObject({ policy: 'cost' })
    expect(order('ordered', by('cost'))).toEqual(['thrifty', 'quick', 'deep'])
    expect(order('auto', by('ordered'))).toEqual(['deep', 'quick', 'thrifty', 'long'])
  })

  test('neighbours of one lane share a hop', () => {
    const { hops } = route('twins')
    expect(hops.map(({ deployments }) => deployments.length)).toEqual([2])
  })
})

describe('what is expected decides', () => {
  test('a lane that is waited for is left, one that is cold is not', () => {
    expect(order('twins', { seen: { twin: { ttftMs: { p50: 5_000, p95: 9_000 } } } })[0]).toBe('quick')
    expect(order('auto', { ...by('latency'), waits: { 'fast.b': 60_000 } })[0]).not.toBe('quick')
  })

  test('what was observed replaces what is typical', () => {
    const seen = { quick: { ttftMs: { p50: 30_000, p95: 60_000 }, tokensPerSecond: 5 } }
    expect(order('auto', { options: { strategy: 'latency', deny: ['long'] }, seen })[0]).toBe('deep')
  })

  test('a deployment that fails often loses to a dearer one', () => {
    expect(order('auto', { ...by('cost'), seen: { thrifty: { errorRate: 0.95 } } })[0]).not.toBe('thrifty')
  })

  test('a deadline that the best would miss makes the next lead', () => {
    expect(order('auto', { ...by('quality', 'code_repair'), input: { deadlineMs: 8_000 } })[0]).toBe('quick')
    expect(order('auto', { ...by('quality', 'code_repair'), input: { deadlineMs: 600_000 } })[0]).toBe('deep')
  })

  test('a warm cache makes the dear one cheap', () => {
    const body = { messages: [{ role: 'user', content: 'some words to read '.repeat(20_000) }], max_tokens: 1 }
    const candidates: Given = { ...by('cost'), body, options: { strategy: 'cost', deny: ['thrifty', 'long'] } }
    expect(order('auto', candidates)[0]).toBe('quick')
    const cachedTokensAt = (name: string) => (name === 'deep' ? 1_000_000 : 0)
    expect(order('auto', { ...candidates, input: { cachedTokensAt } })[0]).toBe('deep')
  })

  test('unpriced counts as the dearest, not as free', () => {
    expect(order('priced-or-not')).toEqual(['deep', 'unpriced'])
  })
})

describe('tasks', () => {
  test('the model’s choice for a task leads, whatever the scores; the rest follows by score', () => {
    expect(order('auto', { options: { task: 'architecture' } }).slice(0, 2)).toEqual(['deep', 'quick'])
    expect(route('auto', { options: { task: 'architecture' } }).reasons[0]).toMatchObject({
      deployment: 'deep',
      included: true,
      reason: "fits, and is the model's choice for the task",
    })
  })

  test('a route has rules as well, and their choice need not stand in it', () => {
    expect(order('ruled', { options: { task: 'architecture' } })).toEqual(['deep', 'quick', 'thrifty'])
    expect(order('ruled', { options: { task: 'anything' } })).toEqual(['quick', 'thrifty'])
    expect(order('ruled', { options: { task: 'constructor' } })).toEqual(['quick', 'thrifty'])
  })

  test('a choice that can’t serve the request is passed over', () => {
    expect(order('auto', { options: { task: 'architecture', deny: ['deep'] } })).not.toContain('deep')
  })
})

describe('the context window', () => {
  const words = (millions: number) => ({
    messages: [{ role: 'user', content: 'word '.repeat(millions * 1_000_000) }],
  })

  test('1.2 M tokens go to the one window that holds them, whatever the task', () => {
    expect(order('auto', { body: words(1.2) })).toEqual(['long'])
    expect(order('auto', { body: words(1.2), options: { task: 'architecture' } })).toEqual(['long'])
    const { reasons } = route('auto', { body: words(1.2) })
    expect(reasons.filter(({ included }) => !included)).toHaveLength(3)
  })

  test('where nobody’s holds them for sure, the nearest are asked', () => {
    expect(order('auto', { body: words(1.2), options: { deny: ['long'] } })).toEqual(['deep'])
  })
})

describe('breakers', () => {
  const open = { breaker: 'open' as const, reopensAtMs: 30_000, cause: 'server' as const }

  test('whoever rests comes last, in a ranking and in a route', () => {
    expect(order('auto', { seen: { quick: open } }).at(-1)).toBe('quick')
    expect(route('ordered', { seen: { deep: open } }).hops).toEqual([
      { lane: 'fast.b', deployments: [{ id: 'quick', drop: [] }] },
      { lane: 'fast.a', deployments: [{ id: 'thrifty', drop: [] }] },
      { lane: 'frontier.a', deployments: [{ id: 'deep', drop: [] }] },
    ])
    expect(route('ordered', { seen: { deep: open } }).reasons[0]).toEqual({
      deployment: 'deep',
      included: true,
      reason: 'fits, but its breaker is open (server): tried last',
    })
  })

  test('while another job tries it, it is tried last, but who has nobody else may hope', () => {
    const tried = { ...open, breaker: 'half_open' as const }
    expect(order('ordered', { seen: { deep: tried } }).at(-1)).toBe('deep')
    expect(order('alone', { seen: { deep: tried } })).toEqual(['deep'])
  })

  test('its time is up: a job may try it', () => {
    const due = { ...open, breaker: 'half_open' as const }
    expect(order('ordered', { seen: { deep: due }, input: { nowMs: 30_000 } })[0]).toBe('deep')
    expect(order('alone', { seen: { deep: open }, input: { nowMs: 30_000 } })).toEqual(['deep'])
    expect(order('ordered', { seen: { deep: open }, input: { nowMs: 30_000 } })[0]).toBe('deep')
  })

  test('nobody is awake: whoever waits on the connection is told when to come back, a job waits', () => {
    const refused = error('alone', { seen: { deep: open }, input: { nowMs: 10_000 } })
    expect(refused).toMatchObject({ code: 'no_healthy_deployment', retryAfterMs: 20_000 })
    expect(order('alone', { seen: { deep: open }, input: { patient: true } })).toEqual(['deep'])
  })
})

describe('max_cost_usd', () => {
  const usd = (dollars: number) => ({ maxCostNanoUsd: dollars * 1e9 })
  const bounded = { max_tokens: 1_000 }

  test('whoever is expected to cost more is out, and the reason says how much', () => {
    const { hops, reasons } = route('ordered', { body: bounded, options: usd(0.006) })
    expect(hops.flatMap(({ deployments }) => deployments.map(({ id }) => id))).toEqual(['quick', 'thrifty'])
    expect(reasons[0]).toMatchObject({
      included: false,
      reason: expect.stringMatching(/deep .*max_cost_usd 0\.006: it is expected to cost 0\.025/),
    })
    expect(order('auto', { ...by('quality', 'code_repair'), body: bounded, options: usd(0.006) })[0]).not.toBe('deep')
  })

  test('an answer that nobody bounds is expected to be of the usual length, for it is stopped at the cap', () => {
    expect(order('ordered', { options: usd(0.006) })).toEqual(['quick', 'thrifty'])
    expect(order('alone', { options: usd(0.03) })).toEqual(['deep'])
  })

  test('where everybody is expected to cost more, each may try how far it gets', () => {
    expect(order('alone', { options: usd(0.001) })).toEqual(['deep'])
    expect(order('ordered', { body: bounded, options: usd(0.0005) })).toEqual(['deep', 'quick', 'thrifty'])
  })

  test('a prompt that costs more by itself is refused, and the cheapest says what it takes', () => {
    const refused = error('ordered', { options: usd(0.000001) })
    expect(refused).toMatchObject({ code: 'invalid_value', param: 'switchyard.max_cost_usd', status: 400 })
    expect(refused.message).toMatch(/thrifty .* its prompt alone may cost 0\.0000016/)
  })

  test('what answers in one piece can’t be stopped, so it must be bounded', () => {
    expect(error('whole', { options: usd(0.03) }).message).toMatch(/it may cost 0\.2/)
    expect(order('whole', { options: usd(0.3) })).toEqual(['whole'])
    expect(order('whole', { body: bounded, options: usd(0.03) })).toEqual(['whole'])
    expect(error('whole', { body: { ...bounded, n: 8 }, options: usd(0.03) })).toMatchObject({ status: 400 })
  })

  test('what has no price can’t be kept within one', () => {
    expect(order('priced-or-not', { body: bounded, options: usd(1) })).toEqual(['deep'])
  })
})

describe('max_ttft_ms', () => {
  test('whoever is expected later is out', () => {
    expect(order('ordered', { options: { maxTtftMs: 1_000 } })).toEqual(['quick'])
    expect(order('ordered', { options: { maxTtftMs: 3_000 } })).toEqual(['deep', 'quick'])
  })

  test('nobody is that quick: the caller’s constraint; not at the moment: come back', () => {
    expect(error('ordered', { options: { maxTtftMs: 100 } })).toMatchObject({
      code: 'invalid_value',
      param: 'switchyard.max_ttft_ms',
      message: expect.stringContaining('quick'),
    })
    expect(error('ordered', { options: { maxTtftMs: 1_000 }, waits: { 'fast.b': 5_000 } })).toMatchObject({
      code: 'no_healthy_deployment',
      retryAfterMs: 4_500,
    })
  })

  test('of what is not known nothing is held against it', () => {
    expect(order('auto', { options: { maxTtftMs: 1_000, strategy: 'ordered' } })).toEqual(['quick', 'long'])
  })
})

describe('reasons', () => {
  test('a ranking carries scores and what was expected, in its order', () => {
    const { reasons } = route('auto', { waits: { 'fast.b': 250 } })
    expect(reasons.map(({ score }) => score)).toEqual(reasons.map(({ score }) => score).toSorted((a, b) => b! - a!))
    expect(reasons[0]).toEqual({
      deployment: 'quick',
      included: true,
      reason: 'fits',
      score: expect.any(Number),
      expected: { waitMs: 250, ttftMs: 500, totalMs: 5_870, costNanoUsd: 5_125_000 },
    })
  })

  test('a route in its order carries none, unless it is to be explained', () => {
    expect(route('alone').reasons).toEqual([{ deployment: 'deep', included: true, reason: 'fits' }])
    expect(route('alone', { input: { explain: true } }).reasons[0]).toMatchObject({ expected: { ttftMs: 2_000 } })
  })
})

describe('equals', () => {
  test('share the lead by weight', () => {
    let seed = 1
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647
      return seed / 2_147_483_647
    }
    let led = 0
    for (let i = 0; i < 2_000; i++) if (order('twins', { input: { random } })[0] === 'twin') led++
    expect(led / 2_000).toBeCloseTo(3 / 4, 1)
  })
})

test('properties: every candidate once, none that is out is tried, the same luck plans the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<RoutePolicy>('ordered', 'cost', 'latency', 'quality', 'balanced'),
      fc.constantFrom('auto', 'ordered', 'ruled', 'twins'),
      fc.subarray([...all]),
      fc.constantFrom(undefined, 'architecture', 'code_repair', 'else'),
      fc.option(fc.double({ min: 0.00001, max: 1, noNaN: true }), { nil: undefined }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.boolean(),
      (strategy, model, available, task, dollars, luck, stream) => {
        const given: Given = {
          available,
          options: { strategy, task, maxCostNanoUsd: dollars && dollars * 1e9 },
          input: { stream, random: () => luck },
        }
        const planned = plan(model, given)
        expect(plan(model, given)).toEqual(planned)
        if ('error' in planned) return
        const { hops, reasons } = planned.route
        const tried = hops.flatMap(({ deployments }) => deployments.map(({ id }) => id))
        expect(new Set(tried).size).toBe(tried.length)
        for (const id of tried) expect(available).toContain(id)
        expect(new Set(reasons.map(({ deployment }) => deployment)).size).toBe(reasons.length)
        expect(reasons.flatMap(({ deployment, included }) => (included ? [deployment] : [])).toSorted()).toEqual(
          tried.toSorted(),
        )
      },
    ),
    { numRuns: 500 },
  )
})
