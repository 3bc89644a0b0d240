import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { toFile } from 'openai'
import { descendants, residentKb } from './process-facts.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'
import type { Variant } from './variant.ts'

/** As many requests as a batch may have, of 1 KB each; a third of them in a quick run. */
const LINES = 50_000
const LINE_BYTES = 1_024
const MODEL = 'gpt-4.1-mini'
const LOOK_MS = 50

/**
 * Batches of 50,000 lines of 1 KB, answered at once by the simulator: lines validated a second, the memory of ingress and background at its
 * largest, what Redis grows by at its largest for each line, and lines a second from the upload's end to the output file.
 */
export async function measureBatches(rig: Rig): Promise<void> {
  const variant = await startVariant('switchyard', rig)
  if (variant === null) return
  try {
    await rig.simulator.setPace(MODEL, { firstTokenMs: 0, chunkDelayMs: 0, chunks: 1 })
    for (let round = 0; round < rig.options.rounds; round++) {
      rig.say(`a batch, round ${round + 1}`)
      await measureOne(rig, variant, Math.round(LINES * rig.options.scale))
    }
  } finally {
    await variant.stop()
  }
}

async function measureOne({ results }: Rig, variant: Variant, lines: number): Promise<void> {
  const { origin, headers } = variant.target
  const apiKey = String(headers.authorization).slice('Bearer '.length)
  const openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0, timeout: 120_000 })
  const memory = watchMemory(variant)
  try {
    const file = await openai.files.create({ file: await toFile(input(lines), 'bench.jsonl'), purpose: 'batch' })
    const beganAt = performance.now()
    const { id } = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
    let batch = await openai.batches.retrieve(id)
    for (; batch.status === 'validating'; batch = await openai.batches.retrieve(id)) await sleep(LOOK_MS / 5)
    const validatedAt = performance.now()
    for (; batch.status === 'in_progress' || batch.status === 'finalizing'; batch = await openai.batches.retrieve(id)) {
      await sleep(LOOK_MS)
    }
    const endedAt = performance.now()
    const { completed = 0 } = batch.request_counts ?? {}
    if (completed !== lines) results.fail('batch', lines - completed, [`the batch is ${batch.status}`])
    results.add('batch', 'lines validated/s', (lines * 1000) / (validatedAt - beganAt))
    results.add('batch', 'lines/s', (lines * 1000) / (endedAt - beganAt))
    results.add('batch', 'Redis bytes per line', (memory.grownKb('redis') * 1024) / lines)
    for (const part of ['ingress', 'background']) results.add('batch', `${part} MB`, memory.peakKb(part) / 1024)
  } finally {
    memory.stop()
  }
}

function input(lines: number): Buffer {
  const text = 'x'.repeat(LINE_BYTES - 180)
  const requests: string[] = []
  for (let line = 0; line < lines; line++) {
    const body = { model: MODEL, messages: [{ role: 'user', content: text }], max_completion_tokens: 16 }
    requests.push(JSON.stringify({ custom_id: `line-${line}`, method: 'POST', url: '/v1/chat/completions', body }))
  }
  return Buffer.from(`${requests.join('\n')}\n`)
}

/** Resident memory of parts of the stack, looked at some times a second. */
function watchMemory(variant: Variant) {
  const background = descendants(process.pid).filter(({ command }) => command.includes('background/src/main.ts'))
  const parts = {
    ingress: variant.processes.ingress ?? [],
    redis: variant.processes.redis ?? [],
    background: background.map(({ pid }) => pid),
  }
  const before = residentKb(parts)
  const peak = { ...before }
  const timer = setInterval(() => {
    for (const [part, kb] of Object.entries(residentKb(parts))) peak[part] = Math.max(peak[part] ?? 0, kb)
  }, LOOK_MS)
  return {
    peakKb: (part: string) => peak[part] ?? 0,
    grownKb: (part: string) => (peak[part] ?? 0) - (before[part] ?? 0),
    stop: () => clearInterval(timer),
  }
}
