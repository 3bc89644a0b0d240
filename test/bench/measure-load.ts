import type { AnswerKind, Measured } from './load.ts'
import type { Rig } from './rig.ts'
import type { Pace } from './start-simulator.ts'
import type { Variant } from './variant.ts'

/** The upstream model of every measured request; its lane has the default number of slots. */
const MODEL = 'gpt-4.1-mini'

export interface LoadShape {
  kind: AnswerKind
  concurrency: number
  pace: Pace
  spreadMs: number
  warmMs: number
  windowMs: number
}

/** Loads one variant once and notes what failed. The window is cut short in a quick run. */
export async function measureLoad(rig: Rig, where: string, variant: Variant, shape: LoadShape): Promise<Measured> {
  const { kind, concurrency, pace, spreadMs, warmMs } = shape
  await rig.simulator.reset()
  await rig.simulator.setPace(MODEL, pace)
  const windowMs = shape.windowMs * rig.options.scale
  const measured = await rig.client.run({
    target: variant.target,
    kind,
    model: MODEL,
    concurrency,
    spreadMs,
    warmMs,
    windowMs,
    watch: variant.processes,
  })
  if (measured.failed > 0) rig.results.fail(where, measured.failed, measured.failures)
  return measured
}

/** CPU time per answer of each process, µs; nothing where none came. */
export function cpuPerAnswer({ cpuMs, completed }: Measured): [process: string, us: number][] {
  if (completed === 0) return []
  return Object.entries(cpuMs).map(([name, ms]) => [name, (ms * 1000) / completed])
}
