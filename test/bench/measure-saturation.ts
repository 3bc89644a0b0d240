import { inTurn } from './measure-first-token.ts'
import { cpuPerAnswer, type LoadShape, measureLoad } from './measure-load.ts'
import { CHUNKS } from './prompt.ts'
import type { Rig } from './rig.ts'
import type { Variant } from './variant.ts'

/**
 * The provider answers at once, and 128 requests are always under way: with 64 the cores are idle for a tenth of the time where a
 * request goes through several processes, with 256 nobody does more.
 */
const SATURATION = {
  concurrency: 128,
  pace: { firstTokenMs: 0, chunkDelayMs: 0, chunks: CHUNKS },
  spreadMs: 0,
  warmMs: 500,
} as const

export const WHOLE: LoadShape = { ...SATURATION, kind: 'json', windowMs: 3_000 }
export const STREAMED: LoadShape = { ...SATURATION, kind: 'stream', windowMs: 3_000 }

/**
 * Answers a second at saturation, and what each costs every process: rows `json …` and `stream …`.
 * Resolves to how many answers each column got, warm-up included.
 */
export async function measureSaturation(
  rig: Rig,
  running: readonly (readonly [string, Variant])[],
  turn: number,
): Promise<Record<string, number>> {
  const answered: Record<string, number> = {}
  for (const shape of [WHOLE, STREAMED]) {
    for (const [name, variant] of inTurn([...running], turn)) {
      const measured = await measureLoad(rig, `${name}, ${shape.kind} at saturation`, variant, shape)
      answered[name] = (answered[name] ?? 0) + measured.answered
      rig.results.add(`${shape.kind} rate`, name, (measured.completed * 1000) / measured.windowMs)
      for (const [process, us] of cpuPerAnswer(measured)) rig.results.add(`${shape.kind} cpu`, `${name} ${process}`, us)
    }
  }
  return answered
}
