import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type OpenAI from 'openai'
import { batchInput, batchPast, createBatch, openaiFor, uploadInput } from './bench-batch.ts'
import type { Target } from './load.ts'
import { makePrompt } from './prompt.ts'
import { quantiles } from './quantiles.ts'
import { collectQueueWaits, type QueueWaits } from './queue-waits.ts'
import type { Rig } from './rig.ts'
import { startSwitchyard } from './start-switchyard.ts'

const MODEL = 'gpt-4.1-mini'
/**
 * A model that takes 0.3 s, and up to 0.4 s more for a line, so that the lane is what is full and not the machine that everything shares here,
 * and lines do not end in step.
 */
const THINKS_MS = 300
const CHUNK_MS = 20
const MOST_CHUNKS = 21
const HUGE_LINES = 50_000
const LINE_BYTES = 1_024
/** The batch is paused for every second window. */
const WINDOWS = 4
const WINDOW_MS = 6_000
/** Requests of each window that come before it, and are not counted. */
const WARM_MS = 2_000
/** Interactive requests come at their own time. */
const EVERY_MS = 40
const SMALL_BATCHES = 50
const SMALL_LINES = 10
/** A paused batch is still when so long nothing of it has finished. */
const STILL_MS = 2 * (THINKS_MS + MOST_CHUNKS * CHUNK_MS)

/** Spans leave their processes every 5 s. */
const SPANS_WITHIN_MS = 15_000

interface Answered {
  jobId: string
  /** How much longer than the model itself it took, ms. */
  addedMs: number
}

/**
 * What a batch of 50,000 lines does to others of the same model: how long interactive requests wait in their lane and how much longer than the
 * model itself they take in all, and how long fifty small batches take, each without it (it is paused) and with it.
 */
export async function measureBesideBatch(rig: Rig): Promise<void> {
  const waits = await collectQueueWaits()
  const directory = await mkdtemp(join(rig.directory, 'stack-'))
  const stack = await startSwitchyard(rig.crew, rig.simulator.url, { directory, otlpUrl: waits.url, otlpJson: true })
  try {
    for (let round = 0; round < rig.options.rounds; round++) {
      rig.say(`beside a batch, round ${round + 1}`)
      await measureRound(rig, stack.target, waits)
    }
  } finally {
    await stack.stop()
    waits.stop()
  }
}

async function measureRound(rig: Rig, target: Target, waits: QueueWaits): Promise<void> {
  const openai = openaiFor(target)
  await rig.simulator.setPace(MODEL, { firstTokenMs: THINKS_MS, chunkDelayMs: CHUNK_MS, chunks: 1 })
  const lines = Math.round(HUGE_LINES * rig.options.scale)
  const shape = { lineBytes: LINE_BYTES, chunks: (line: number) => 1 + ((line * 8) % MOST_CHUNKS) }
  const huge = await createBatch(openai, await uploadInput(openai, batchInput(MODEL, { ...shape, lines })))
  await batchPast(openai, huge.id, ['validating'])
  const small = await uploadInput(openai, batchInput(MODEL, { ...shape, lines: SMALL_LINES }))
  const answered: Record<'without' | 'with', Answered[]> = { without: [], with: [] }
  try {
    for (let window = 0; window < WINDOWS; window++) {
      const name = window % 2 === 0 ? 'without' : 'with'
      await set(openai, huge.id, name)
      answered[name].push(...(await interactive(rig, target)))
    }
    for (const name of ['without', 'with'] as const) {
      await set(openai, huge.id, name)
      const beganAt = performance.now()
      const batches = await Promise.all(Array.from({ length: SMALL_BATCHES }, () => createBatch(openai, small)))
      const ended = await Promise.all(
        batches.map(({ id }) => batchPast(openai, id, ['validating', 'in_progress', 'finalizing'])),
      )
      rig.results.add('small batches ms', name, performance.now() - beganAt)
      const failed = ended.filter(({ request_counts }) => request_counts?.completed !== SMALL_LINES).length
      if (failed > 0) rig.results.fail('small batches', failed, ['a small batch did not complete'])
    }
    const { status } = await openai.batches.retrieve(huge.id)
    if (status !== 'in_progress') rig.results.fail('beside a batch', 1, [`the batch was ${status} before the end`])
  } finally {
    await openai.batches.cancel(huge.id)
    await batchPast(openai, huge.id, ['in_progress', 'cancelling', 'finalizing'])
  }
  for (const name of ['without', 'with'] as const) {
    const requests = answered[name]
    add(
      'beside a batch',
      name,
      requests.map(({ addedMs }) => addedMs),
    )
    const isThere = () => requests.every(({ jobId }) => waits.of(jobId) !== undefined)
    for (const until = performance.now() + SPANS_WITHIN_MS; !isThere() && performance.now() < until; ) await sleep(100)
    if (!isThere()) rig.results.fail('beside a batch', 1, ['a job has no span of its wait'])
    add(
      'queue wait',
      name,
      requests.map(({ jobId }) => waits.of(jobId)).filter((ms) => ms !== undefined),
    )
  }

  function add(row: string, column: string, values: number[]): void {
    const found = quantiles(values)
    if (found === null) return
    rig.results.add(`${row} p50`, column, found.p50)
    rig.results.add(`${row} p99`, column, found.p99)
  }
}

async function set(openai: OpenAI, id: string, name: 'without' | 'with'): Promise<void> {
  await openai.post(`/batches/${id}/${name === 'with' ? 'resume' : 'pause'}`)
  const done = async () => (await openai.batches.retrieve(id)).request_counts?.completed ?? 0
  const before = await done()
  // Running: until its lines come back. Paused: until they do not any more.
  if (name === 'with') while ((await done()) === before) await sleep(THINKS_MS / 10)
  else for (let last = before, now = -1; now !== last; [last, now] = [now, await done()]) await sleep(STILL_MS)
}

/** The requests of one window. */
async function interactive({ results, options }: Rig, target: Target): Promise<Answered[]> {
  const beganAt = performance.now()
  const windowMs = WINDOW_MS * options.scale
  const count = Math.round((WARM_MS + windowMs) / EVERY_MS)
  const requests = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      await sleep(Math.max(0, i * EVERY_MS - (performance.now() - beganAt)))
      const sentAt = performance.now()
      const { body } = makePrompt(MODEL, false)
      const response = await fetch(target.origin + target.path, { method: 'POST', headers: target.headers, body })
      await response.arrayBuffer()
      const jobId = response.headers.get('x-request-id') ?? ''
      return response.ok ? { jobId, addedMs: performance.now() - sentAt - THINKS_MS } : null
    }),
  )
  const answered = requests.filter((one) => one !== null)
  if (answered.length < requests.length) {
    results.fail('beside a batch', requests.length - answered.length, ['an interactive request failed'])
  }
  return answered.slice(-Math.round(windowMs / EVERY_MS))
}
