// What a plan costs, in µs of CPU time: node packages/catalog/src/plan-route.bench.ts
import type { Observed } from '@switchyard/contract/observed'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import { catalogFrom } from './catalog-fixture.ts'
import type { FleetView } from './fleet-view.ts'
import { needsOf } from './needs.ts'
import { planInput } from './plan-fixture.ts'
import { planRoute } from './plan-route.ts'

const NAMES = Array.from({ length: 8 }, (_, i) => `d${i}`)
const catalog = catalogFrom(`
providers: { ${NAMES.map((name) => `p-${name}: { kind: anthropic, apiKey: none }`).join(', ')} }
classes: { fast: {} }
deployments: { ${NAMES.map((name) => `${name}: { provider: p-${name}, class: fast, model: claude-haiku-4-5, scores: { general: 0.5 } }`).join(', ')} }
models:
  route-of-3: { route: [d0, d1, d2] }
  balanced-of-8: { policy: balanced, candidates: [${NAMES.join(', ')}] }
`)
const seen = new Map(
  NAMES.map((name, i): [string, Observed] => [
    name,
    {
      breaker: 'closed',
      reopensAtMs: null,
      cause: null,
      calls: 100,
      errorRate: 0.01,
      ttftMs: { p50: 500 + i, p95: 1_500 },
      tokensPerSecond: 80,
    },
  ]),
)
const view: FleetView = {
  available: new Set(NAMES),
  observed: (name) => seen.get(name),
  predictedWaitMs: () => 20,
}
const request = chatRequest.parse({
  model: 'x',
  messages: [{ role: 'user', content: 'hi' }],
  temperature: 0.5,
  stream: true,
})
const needs = needsOf(request)

for (const model of ['route-of-3', 'balanced-of-8']) {
  const input = planInput(model, needs, { nowMs: Date.now(), deadlineMs: Date.now() + 600_000, random: Math.random })
  const passes = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < 20_000; i++) planRoute(catalog, view, input)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 20_000
  })
  passes.sort((a, b) => a - b)
  process.stdout.write(`${model}: ${passes[0]!.toFixed(2)} µs at best, ${passes[3]!.toFixed(2)} µs in the middle\n`)
}
