import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { laneKeys } from './keys.ts'
import { type LaneBundle, openLane } from './testing/lane-bundle.ts'
import {
  type Arrival,
  jain,
  popLane,
  quantile,
  randomFrom,
  runLane,
  type Served,
  stream,
} from './testing/lane-model.ts'
import { SERVERS } from './testing/servers.ts'

const TOKENS = 1_500
const LAST = 'proj_last'

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `proj_${i}`)
}

/** So many tokens of one project, there from the start. */
function backlog(project: string, options: { weight?: number; each: number; total: number }): Arrival[] {
  const { weight = 1, each, total } = options
  return Array.from({ length: Math.ceil(total / each) }, () => ({ atMs: 0, project, weight, tokens: each }))
}

/** What each project got, by its name. */
function tokensOf(served: readonly Served[]): Map<string, number> {
  const tokens = new Map<string, number>()
  for (const { project, tokens: own } of served) tokens.set(project, (tokens.get(project) ?? 0) + own)
  return tokens
}

describe.each(SERVERS)('fairness on %s', (_name, url) => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(url)
  })
  afterEach(() => bundle.close())

  /** Fifty projects that together want `load` of what the lane can do in so many jobs' time, and one that wants `times` what each of them does. */
  async function crowd(load: number, times: number, jobs: number): Promise<number[]> {
    const own = await openLane(url)
    const untilMs = jobs * TOKENS
    const perMs = load / TOKENS / 50
    const random = randomFrom(7)
    const others = names(50).flatMap((project) => stream(random, { project, perMs, untilMs, tokens: TOKENS }))
    const last = stream(random, { project: LAST, perMs: perMs * times, untilMs, tokens: TOKENS })
    try {
      const served = await runLane(own, [...others, ...last], (nowMs) => nowMs >= untilMs)
      return served.filter(({ project }) => project !== LAST).map(({ waitMs }) => waitMs / TOKENS)
    } finally {
      await own.close()
    }
  }

  test('one project at a hundred times the load of fifty others is hardly felt by them', {
    timeout: 60_000,
  }, async () => {
    const [equal, heavy] = [await crowd(1.3, 1, 400), await crowd(1.3, 100, 400)]
    expect(quantile(heavy, 0.99)).toBeLessThanOrEqual(1.2 * quantile(equal, 0.99))
    // In the order of arrival the others would wait behind thousands of its jobs. Here they wait for each other and now and then for one of it.
    expect(quantile(await crowd(0.5, 100, 200), 0.5)).toBeLessThanOrEqual(3)
  })

  test('equal projects get equal tokens, whatever the size of their jobs', async () => {
    const projects = names(20)
    const served = await runLane(
      bundle,
      projects.flatMap((project, i) => backlog(project, { each: 400 * (1 + (i % 10)), total: 40_000 })),
      (nowMs) => nowMs >= 20 * 20_000,
    )
    const tokens = [...tokensOf(served).values()]
    expect(tokens).toHaveLength(projects.length)
    expect(jain(tokens)).toBeGreaterThanOrEqual(0.95)
  })

  test('twice the weight gets twice the tokens', async () => {
    const weights = [0.5, 1, 2, 4]
    const served = await runLane(
      bundle,
      weights.flatMap((weight, i) => backlog(`proj_${i}`, { weight, each: TOKENS, total: 400 * TOKENS })),
      (nowMs) => nowMs >= 400 * TOKENS,
    )
    const tokens = tokensOf(served)
    for (const [i, weight] of weights.entries()) {
      expect(tokens.get(`proj_${i}`)! / (400 * TOKENS)).toBeCloseTo(weight / 7.5, 1)
    }
  })
})

describe('fairness over many jobs', () => {
  let bundle: LaneBundle
  beforeEach(async () => {
    bundle = await openLane(SERVERS[0]![1])
  })
  afterEach(() => bundle.close())

  test('nobody starves: of 10,000 random arrivals each is served within what its share promises', {
    timeout: 60_000,
  }, async () => {
    const random = randomFrom(42)
    const projects = names(30).map((project) => ({ project, weight: 0.25 * 2 ** Math.floor(5 * random()) }))
    // A few projects want most of it, and all together a little less than there is.
    const demand = projects.map((_, i) => 1 / (i + 1))
    const whole = demand.reduce((sum, each) => sum + each, 0)
    const untilMs = (10_100 * TOKENS) / 0.97
    const arrivals = projects.flatMap(({ project, weight }, i) =>
      stream(random, { project, weight, perMs: (0.97 * demand[i]!) / whole / TOKENS, untilMs, tokens: TOKENS }),
    )
    const served = await popLane(bundle, arrivals.toSorted((a, b) => a.atMs - b.atMs).slice(0, 10_000))
    expect(served).toHaveLength(10_000)

    const largest = Math.max(...served.map(({ tokens }) => tokens))
    const allWeights = projects.reduce((sum, { weight }) => sum + weight, 0)
    for (const own of Map.groupBy(served, ({ project }) => project).values()) {
      expect(own.map(({ atMs }) => atMs)).toEqual(own.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
      for (const [i, job] of own.entries()) {
        // What its project still had to get when it came, itself included, at the share that it has if all the others want theirs.
        let ahead = job.tokens
        for (let j = i - 1; j >= 0 && own[j]!.atMs + own[j]!.waitMs > job.atMs; j--) ahead += own[j]!.tokens
        const promisedMs = (ahead / job.weight) * allWeights + (projects.length + 1) * largest
        expect(job.waitMs).toBeLessThanOrEqual(promisedMs)
      }
    }
  })

  test('of thousands of projects only those are remembered that are ahead', async () => {
    const { fair, prioritized } = laneKeys(bundle.lane)
    const untilMs = 3_000 * 300
    const served = await popLane(
      bundle,
      names(3_000).map((project, i) => ({ atMs: i < 100 ? 0 : i * 300, project, weight: 1, tokens: 300 })),
    )
    expect(served.at(-1)!.waitMs).toBeLessThanOrEqual(untilMs)
    expect(await bundle.redis.zcard(prioritized)).toBe(0)
    expect(await bundle.redis.zcard(fair)).toBeLessThanOrEqual(250)
  })
})
