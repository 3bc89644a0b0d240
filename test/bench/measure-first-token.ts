import type { Quantiles } from './load.ts'
import { cpuPerAnswer, type LoadShape, measureLoad } from './measure-load.ts'
import { CHUNKS } from './prompt.ts'
import type { Rig, Running } from './rig.ts'

/** Concurrent streams. */
export const STREAMS = [1, 50, 200] as const

/** 5 ms to the first chunk and 2 ms between them for a stream alone, 50 ms and 20 ms for many. */
export function pacedStreams(concurrency: number): LoadShape {
  const [firstTokenMs, chunkDelayMs] = concurrency === 1 ? [5, 2] : [50, 20]
  const lengthMs = firstTokenMs + (CHUNKS - 1) * chunkDelayMs
  return {
    kind: 'stream',
    concurrency,
    pace: { firstTokenMs, chunkDelayMs, chunks: CHUNKS },
    spreadMs: concurrency === 1 ? 0 : lengthMs,
    warmMs: concurrency === 1 ? 300 : lengthMs + 200,
    windowMs: concurrency === 1 ? 5_000 : 4_000,
  }
}

/**
 * Paced streams: time to the first token and to the end, those of the simulator called directly as they are, the others'
 * as what they add to it in the same round.
 */
export async function measureFirstToken(rig: Rig, running: Running, turn: number): Promise<void> {
  for (const streams of STREAMS) {
    const shape = pacedStreams(streams)
    const times = new Map<string, { first: Quantiles; total: Quantiles }>()
    for (const [name, variant] of inTurn([...running], turn)) {
      const measured = await measureLoad(rig, `${name}, ${streams} streams`, variant, shape)
      const { firstTokenMs, totalMs } = measured
      if (firstTokenMs !== null && totalMs !== null) times.set(name, { first: firstTokenMs, total: totalMs })
      for (const [process, us] of cpuPerAnswer(measured))
        rig.results.add(`paced chunk cpu @${streams}`, `${name} ${process}`, us / CHUNKS)
    }
    const direct = times.get('direct')
    if (direct === undefined) continue
    for (const [name, { first, total }] of times) {
      const base = name === 'direct' ? { first: ZERO, total: ZERO } : direct
      for (const quantile of ['p50', 'p99'] as const) {
        rig.results.add(`ttft ${quantile} @${streams}`, name, first[quantile] - base.first[quantile])
        rig.results.add(`total ${quantile} @${streams}`, name, total[quantile] - base.total[quantile])
      }
    }
  }
}

const ZERO: Quantiles = { p50: 0, p99: 0 }

/** Every round begins with another one, so that nobody always runs first. */
export function inTurn<Item>(items: Item[], turn: number): Item[] {
  const first = turn % Math.max(1, items.length)
  return [...items.slice(first), ...items.slice(0, first)]
}
