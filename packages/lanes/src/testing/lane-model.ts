import { laneKeys } from '../keys.ts'
import { type LaneBundle, newDeliveries } from './lane-bundle.ts'
import { until } from './until.ts'

/** A job that comes at a moment of the model's time; the lane is busy with it for as many ms as it has tokens. */
export interface Arrival {
  atMs: number
  project: string
  weight: number
  tokens: number
}

export interface Served extends Arrival {
  waitMs: number
}

/** A lane with one slot in a time of its own, which goes on by what the jobs cost that are served. */
function openModel({ producer, lane }: LaneBundle, arrivals: readonly Arrival[]) {
  const coming = arrivals.toSorted((a, b) => a.atMs - b.atMs)
  const deliveries = newDeliveries(coming.length)
  const byJob = new Map(deliveries.map(({ jobId }, i) => [jobId, coming[i]!]))
  const served: Served[] = []
  let added = 0
  let nowMs = 0
  return {
    served,
    get nowMs() {
      return nowMs
    },
    get isEmpty() {
      return served.length === coming.length
    },
    /** Adds what has come by now; where nothing waits, the clock goes on to the next arrival. */
    async admit(): Promise<void> {
      if (added === served.length && added < coming.length) nowMs = Math.max(nowMs, coming[added]!.atMs)
      const from = added
      while (added < coming.length && coming[added]!.atMs <= nowMs) added++
      const adding = coming.slice(from, added)
      await Promise.all(adding.map((arrival, i) => producer.add(lane, deliveries[from + i]!, arrival)))
    },
    serve(jobId: string): void {
      const arrival = byJob.get(jobId)!
      served.push({ ...arrival, waitMs: nowMs - arrival.atMs })
      nowMs += arrival.tokens
    },
  }
}

/**
 * Serves through a real consumer with one slot. What comes while a delivery is served is added before its handler ends, so that the
 * consumer fetches with all of it there: no time is waited for, and the outcome is the same each time. Resolves with what was served, in
 * order, once `isOver` says so or nothing is left.
 */
export async function runLane(
  bundle: LaneBundle,
  arrivals: readonly Arrival[],
  isOver: (nowMs: number) => boolean = () => false,
): Promise<Served[]> {
  const model = openModel(bundle, arrivals)
  let over = false
  await model.admit()
  const consumer = await bundle.consume(
    async ({ jobId }) => {
      if (over) return { kind: 'done' }
      model.serve(jobId)
      over = model.isEmpty || isOver(model.nowMs)
      if (!over) await model.admit()
      return { kind: 'done' }
    },
    { concurrency: 1 },
  )
  await until('the model is over', () => over, 60_000)
  await consumer.stop()
  return model.served
}

/** The same for many jobs: what is first is taken from the lane as a fetch does, and nothing else of a consumer is there. */
export async function popLane(bundle: LaneBundle, arrivals: readonly Arrival[]): Promise<Served[]> {
  const { prioritized } = laneKeys(bundle.lane)
  const model = openModel(bundle, arrivals)
  await model.admit()
  while (!model.isEmpty) {
    const [id] = await bundle.redis.zpopmin(prioritized)
    model.serve(id!.slice(0, id!.lastIndexOf('.')))
    await model.admit()
  }
  return model.served
}

/** Numbers from 0 to 1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Arrivals of one project in the time up to `untilMs`: a Poisson stream of `perMs`, of mixed sizes around `tokens`. */
export function stream(
  random: () => number,
  options: { project: string; weight?: number; perMs: number; untilMs: number; tokens: number },
): Arrival[] {
  const { project, weight = 1, perMs, untilMs, tokens } = options
  const arrivals: Arrival[] = []
  let atMs = 0
  for (;;) {
    atMs += -Math.log(1 - random()) / perMs
    if (atMs >= untilMs) return arrivals
    arrivals.push({ atMs, project, weight, tokens: Math.round(tokens * (0.25 + 1.5 * random())) })
  }
}

export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]!
}

/** Jain's index: 1 when all have the same, 1/n when one has all. */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  return sum ** 2 / (values.length * values.reduce((total, value) => total + value ** 2, 0))
}
