import { setTimeout as sleep } from 'node:timers/promises'
import { median } from './quantiles.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'

/** Served with a quota of some 7 requests a second (catalog.yaml). */
const MODEL = 'gpt-4o-mini'
const ARRIVALS_PER_SECOND = 9
const SECONDS = 240
/** What was accepted last has started by then, however long the line. */
const DRAIN_MS = 180_000
const ASK_EVERY_MS = 250

/** What a job was told of its wait, and when. */
interface Told {
  jobId: string
  atMs: number
  etaMs: number
  lowMs: number
  highMs: number
}

interface Queued {
  id: string
  status: string
  queue: { eta_seconds: number | null; eta_range_seconds: [number, number] | null } | null
}

/**
 * Jobs of mixed sizes come a third faster than their quota allows, for four minutes: two of its windows and more. Each is told with its 202 when it
 * will start, and some that wait are asked again. The simulator knows when their calls came: how many of the waits were in the range that
 * was told?
 */
export async function measureWaits(rig: Rig): Promise<void> {
  const variant = await startVariant('switchyard', rig)
  if (variant === null) return
  const { origin, path, headers } = variant.target
  const told = { accepted: [] as Told[], waiting: [] as Told[] }
  const ids: string[] = []

  async function submit(): Promise<void> {
    const response = await fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', prefer: 'respond-async' },
      body: bodyOf(200 + 5_000 * Math.random() ** 2),
    })
    if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
    const job = (await response.json()) as Queued
    ids.push(job.id)
    note(told.accepted, job)
  }

  async function ask(): Promise<void> {
    const id = ids[Math.floor(ids.length * (1 - Math.random() / 3))]
    if (id === undefined) return
    const response = await fetch(`${origin}/v1/jobs/${id}`, { headers })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    note(told.waiting, (await response.json()) as Queued)
  }

  try {
    const seconds = Math.round(SECONDS * rig.options.scale)
    rig.say(`waits, ${seconds} s`)
    await rig.simulator.setPace(MODEL, { firstTokenMs: 30, chunkDelayMs: 0, chunks: 1 })
    const failures: string[] = []
    const counted = (doing: Promise<void>) => doing.catch((error) => void failures.push(String(error)))
    const endsAt = performance.now() + seconds * 1_000
    let asking = performance.now()
    while (performance.now() < endsAt) {
      await sleep((-Math.log(1 - Math.random()) * 1_000) / ARRIVALS_PER_SECOND)
      void counted(submit())
      if (performance.now() - asking < ASK_EVERY_MS) continue
      asking = performance.now()
      void counted(ask())
    }
    rig.say('waits, until all have started')
    const startedAtMs = await startsOf(rig, () => ids)
    const never = ids.filter((id) => !startedAtMs.has(id)).length
    if (never > 0) failures.push(`${never} jobs did not start`)
    if (failures.length > 0) rig.results.fail('waits', failures.length, failures)
    for (const [when, all] of Object.entries(told)) judge(rig, when, all, startedAtMs)
  } finally {
    await variant.stop()
  }
}

function note(list: Told[], { id, queue }: Queued): void {
  if (!queue?.eta_range_seconds || queue.eta_seconds === null) return
  const [low, high] = queue.eta_range_seconds
  list.push({ jobId: id, atMs: Date.now(), etaMs: queue.eta_seconds * 1_000, lowMs: low * 1_000, highMs: high * 1_000 })
}

/** Epoch ms of each job's first call. */
async function startsOf(rig: Rig, ids: () => readonly string[]): Promise<Map<string, number>> {
  const startedAtMs = new Map<string, number>()
  const until = performance.now() + DRAIN_MS
  let last = 0
  while (performance.now() < until && !ids().every((id) => startedAtMs.has(id))) {
    const calls = await rig.simulator.calls(MODEL, last)
    for (const { n, at, clientRequestId } of calls) {
      last = n
      const jobId = clientRequestId?.split('.')[0]
      if (jobId !== undefined && !startedAtMs.has(jobId)) startedAtMs.set(jobId, at)
    }
    if (calls.length === 0) await sleep(1_000)
  }
  return startedAtMs
}

function judge({ results }: Rig, when: string, told: readonly Told[], startedAtMs: ReadonlyMap<string, number>): void {
  const known = told.filter(({ jobId }) => startedAtMs.has(jobId))
  if (known.length === 0) return
  const waitOf = ({ jobId, atMs }: Told) => startedAtMs.get(jobId)! - atMs
  // What is told has tenths of a second.
  const inside = known.filter((each) => waitOf(each) >= each.lowMs - 50 && waitOf(each) <= each.highMs + 50)
  results.add('waits told', when, known.length)
  results.add('waits in range', when, (100 * inside.length) / known.length)
  results.add('waits p50 s', when, median(known.map(waitOf)) / 1_000)
  results.add('waits error p50 s', when, median(known.map((each) => Math.abs(waitOf(each) - each.etaMs))) / 1_000)
  results.add('waits range p50 s', when, median(known.map(({ lowMs, highMs }) => highMs - lowMs)) / 1_000)
}

function bodyOf(bytes: number): string {
  const content = 'switch engine '.repeat(Math.ceil(bytes / 14))
  return JSON.stringify({ model: MODEL, max_completion_tokens: 64, messages: [{ role: 'user', content }] })
}
