import type { RoutePolicy } from '@switchyard/contract/job'
import { catalogFrom } from '../catalog-fixture.ts'
import type { FleetView } from '../fleet-view.ts'
import type { Needs } from '../needs.ts'
import { planRoute } from '../plan-route.ts'
import { PROFILES } from './latency-profiles.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import type { SimulatedJob } from './workload.ts'

/** The profiles in the order in which a job is to try them. */
export type Chooser = (job: SimulatedJob, nowMs: number, fleet: SimulatedFleet, random: SeededRandom) => number[]

const ALL = PROFILES.map((_, i) => i)
/** What a planner expects of an answer that nobody bounds. */
const EXPECTED_OUTPUT_TOKENS = 350

/** Knows neither prices nor times. */
export const atRandom: Chooser = (_job, _nowMs, _fleet, random) => {
  const order = [...ALL]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

export function roundRobin(): Chooser {
  let turn = 0
  return () => {
    const first = turn++ % ALL.length
    return [...ALL.slice(first), ...ALL.slice(0, first)]
  }
}

/** Knows what every deployment will make of every job, and its queue to the millisecond. */
export const quickestKnown: Chooser = (job, nowMs, fleet) => {
  const endOf = (i: number) => (job.fates[i]!.fails ? Number.POSITIVE_INFINITY : endsAtMs(job, nowMs, fleet, i))
  return ALL.toSorted((a, b) => endOf(a) - endOf(b))
}

/** The same, for the cheapest that answers in time; where nobody does, the quickest. */
export const cheapestKnown: Chooser = (job, nowMs, fleet, random) => {
  const byCost = ALL.toSorted((a, b) => job.fates[a]!.costNanoUsd - job.fates[b]!.costNanoUsd)
  const dueAtMs = job.arrivesAtMs + job.deadlineMs
  const first = byCost.find((i) => !job.fates[i]!.fails && endsAtMs(job, nowMs, fleet, i) <= dueAtMs)
  return first === undefined ? quickestKnown(job, nowMs, fleet, random) : [first, ...byCost.filter((i) => i !== first)]
}

function endsAtMs(job: SimulatedJob, nowMs: number, fleet: SimulatedFleet, profile: number): number {
  return fleet.startsAtMs(profile, nowMs) + job.fates[profile]!.durationMs
}

const catalog = catalogFrom(`
providers: { ${PROFILES.map(({ name }) => `${name}: { kind: openai, baseUrl: "http://${name}.test/v1", apiKey: none }`).join(', ')} }
classes: { fast: {} }
deployments: { ${PROFILES.map(
  ({ name, price, quality }) =>
    `${name}: { provider: ${name}, class: fast, model: m, scores: { general: ${quality} }, price: { inputPerMTok: ${price.inputPerMTok}, outputPerMTok: ${price.outputPerMTok} } }`,
).join(', ')} }
models: { auto: { policy: balanced, candidates: [${PROFILES.map(({ name }) => name).join(', ')}] } }
`)
const available = new Set(catalog.deployments.keys())
const indexOf = new Map(PROFILES.map(({ name }, i) => [name, i]))
const laneIndex = new Map(PROFILES.map(({ name }, i) => [`fast.${name}`, i]))

/** Plans with what a fleet would have reported, as a request would be planned. */
export function byPolicy(strategy: RoutePolicy): Chooser {
  return (job, nowMs, fleet, random) => {
    const view: FleetView = {
      available,
      observed: (name) => fleet.observed(indexOf.get(name)!, nowMs),
      predictedWaitMs: (lane) => fleet.waitMs(laneIndex.get(lane)!, nowMs),
    }
    const planned = planRoute(catalog, view, {
      model: 'auto',
      needs: { ...NO_NEEDS, inputTokens: job.inputTokens },
      stream: true,
      expectedOutputTokens: EXPECTED_OUTPUT_TOKENS,
      nowMs,
      deadlineMs: job.arrivesAtMs + job.deadlineMs,
      patient: true,
      options: { unsupported: null, tier: 'interactive', strategy },
      random: random.uniform,
    })
    if ('error' in planned) throw planned.error
    return planned.route.hops.flatMap(({ deployments }) => deployments.map(({ id }) => indexOf.get(id)!))
  }
}

const NO_NEEDS: Needs = {
  tools: false,
  parallelTools: false,
  jsonSchema: false,
  jsonObject: false,
  images: false,
  imageUrls: false,
  audio: false,
  files: false,
  fileIds: false,
  logprobs: false,
  choices: 1,
  reasoning: false,
  prefill: false,
  inputTokens: 0,
  maxOutputTokens: null,
  parameters: [],
  inMessages: {},
}
