import { setTimeout as sleep } from 'node:timers/promises'
import { INSPECTABLE, type Inspector, openInspector } from './inspector.ts'
import { measureLoad } from './measure-load.ts'
import { STREAMED } from './measure-saturation.ts'
import { residentKb } from './process-facts.ts'
import { CHUNKS } from './prompt.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'
import type { Variant, VariantName } from './variant.ts'

/** The upstream model of held streams: a lane of its own, with as many slots. */
const HELD_MODEL = 'gpt-4.1-nano'
const AN_HOUR_MS = 3_600_000
/** Until what opening the streams left to do is done. */
const SETTLE_MS = 1_500

/**
 * Memory per open idle stream: processes that start for it are warmed, then `heldStreams` streams are opened, each delivers
 * its first chunk, and silence follows. Growth of resident memory by process, after a garbage collection on both sides.
 */
export async function measureMemory(rig: Rig, name: VariantName): Promise<void> {
  const variant = await startVariant(name, rig, INSPECTABLE)
  if (variant === null) return
  const inspectors: Inspector[] = []
  try {
    await measureLoad(rig, `${name}, before memory`, variant, { ...STREAMED, warmMs: 0, windowMs: 1_000 })
    for (const pid of nodesOf(variant)) inspectors.push(await openInspector(pid, variant.logFile))
    await rig.simulator.setPace(HELD_MODEL, { firstTokenMs: 0, chunkDelayMs: AN_HOUR_MS, chunks: CHUNKS })

    const before = await residentAfterCollection(variant, inspectors)
    const streams = rig.options.heldStreams
    await rig.client.hold({ target: variant.target, model: HELD_MODEL, streams })
    const after = await residentAfterCollection(variant, inspectors)
    const { failed, failures } = await rig.client.release()
    if (failed > 0) rig.results.fail(`${name}, ${streams} held streams`, failed, failures)
    // The rest of the stack carries no streams; what its memory does meanwhile is not theirs.
    for (const process of Object.keys(after).filter((name) => name !== 'other'))
      rig.results.add('memory', `${name} ${process}`, (after[process]! - before[process]!) / streams)
  } finally {
    for (const inspector of inspectors) inspector.close()
    await variant.stop()
  }
}

/** Its Node processes that carry streams: Redis has no inspector, and the rest of the stack is not on the path. */
function nodesOf({ processes }: Variant): number[] {
  return Object.entries(processes).flatMap(([process, pids]) =>
    process === 'redis' || process === 'other' ? [] : pids,
  )
}

async function residentAfterCollection(variant: Variant, inspectors: Inspector[]): Promise<Record<string, number>> {
  await sleep(SETTLE_MS)
  await Promise.all(inspectors.map((inspector) => inspector.send('HeapProfiler.collectGarbage')))
  await sleep(SETTLE_MS / 3)
  return residentKb(variant.processes)
}
