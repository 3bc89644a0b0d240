import { batchInput, batchPast, createBatch, openaiFor, uploadInput } from './bench-batch.ts'
import type { Processes } from './load.ts'
import { measureBesideBatch } from './measure-beside-batch.ts'
import { cpuTimes, descendants } from './process-facts.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'
import type { Variant } from './variant.ts'
import { watchMemory } from './watch-memory.ts'

/** As many requests as a batch may have, of 1 KB each; a third of them in a quick run. */
const LINES = 50_000
const LINE_BYTES = 1_024
/** The largest input that is taken. */
const LARGEST_BYTES = 200 * 1024 * 1024
const MODEL = 'gpt-4.1-mini'

/**
 * Batches of 50,000 lines of 1 KB, answered at once by the simulator: lines validated a second, what Redis grows by at its largest for each line,
 * CPU time for each line, and lines a second from the upload's end to the output file. Then 50,000 lines of 4 KB, validated and
 * cancelled: the memory of ingress and background at its largest over both. Then what a batch does to those beside it.
 */
export async function measureBatches(rig: Rig): Promise<void> {
  const variant = await startVariant('switchyard', rig)
  if (variant === null) return
  try {
    for (let round = 0; round < rig.options.rounds; round++) {
      const lines = Math.round(LINES * rig.options.scale)
      rig.say(`a batch, round ${round + 1}`)
      await rig.simulator.setPace(MODEL, { firstTokenMs: 0, chunkDelayMs: 0, chunks: 1 })
      const memory = watchMemory(partsOf(variant))
      try {
        await measureWhole(rig, variant, lines)
        rig.results.add('batch', 'Redis bytes per line', (memory.grownKb('redis') * 1024) / lines)
        await validateLargest(rig, variant, lines)
      } finally {
        memory.stop()
      }
      for (const part of ['ingress', 'background']) rig.results.add('batch', `${part} MB`, memory.peakKb(part) / 1024)
    }
  } finally {
    await variant.stop()
  }
  await measureBesideBatch(rig)
}

async function measureWhole({ results }: Rig, variant: Variant, lines: number): Promise<void> {
  const openai = openaiFor(variant.target)
  const fileId = await uploadInput(openai, batchInput(MODEL, { lines, lineBytes: LINE_BYTES }))
  const parts = partsOf(variant)
  const cpuBefore = cpuTimes(parts)
  const beganAt = performance.now()
  const { id } = await createBatch(openai, fileId)
  await batchPast(openai, id, ['validating'])
  const validatedAt = performance.now()
  const batch = await batchPast(openai, id, ['in_progress', 'finalizing'])
  const endedAt = performance.now()
  const cpuAfter = cpuTimes(parts)
  const { completed = 0 } = batch.request_counts ?? {}
  if (completed !== lines) results.fail('batch', lines - completed, [`the batch is ${batch.status}`])
  results.add('batch', 'lines validated/s', (lines * 1000) / (validatedAt - beganAt))
  results.add('batch', 'lines/s', (lines * 1000) / (endedAt - beganAt))
  for (const part of Object.keys(parts)) {
    results.add('batch line cpu', part, ((cpuAfter[part]! - cpuBefore[part]!) * 1000) / lines)
  }
}

async function validateLargest({ results }: Rig, variant: Variant, lines: number): Promise<void> {
  const openai = openaiFor(variant.target)
  const lineBytes = Math.floor(LARGEST_BYTES / LINES) - 1
  const fileId = await uploadInput(openai, batchInput(MODEL, { lines, lineBytes }))
  const { id } = await createBatch(openai, fileId)
  const { status } = await batchPast(openai, id, ['validating'])
  if (status !== 'in_progress') results.fail('batch', 1, [`the largest input is ${status}`])
  await openai.batches.cancel(id)
  await batchPast(openai, id, ['in_progress', 'cancelling', 'finalizing'])
}

function partsOf({ processes }: Variant): Processes {
  const { ingress = [], worker = [], redis = [] } = processes
  const background = descendants(process.pid).filter(({ command }) => command.includes('background/src/main.ts'))
  return { ingress, worker, redis, background: background.map(({ pid }) => pid) }
}
