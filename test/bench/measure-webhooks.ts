import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './load.ts'
import { CHUNKS, makePrompt } from './prompt.ts'
import { quantiles } from './quantiles.ts'
import type { Rig } from './rig.ts'
import { startSwitchyard } from './start-switchyard.ts'
import { startWebhookSink, type WebhookSink } from './webhook-sink.ts'

const MODEL = 'gpt-4.1-mini'
/** Jobs come at their own time, whether or not the ones before have been told of. */
const EVERY_MS = 20
const WINDOW_MS = 8_000
const RECEIVERS = 100
/** One receiver in a hundred takes connections and never answers. */
const DEAD = 1
const ARRIVE_WITHIN_MS = 5_000
const RESUMES = 200

interface Told {
  jobId: string
  answeredAtMs: number
  dead: boolean
}

/** The place in a stream of 50 chunks after which it is taken up again. */
const RESUMED_AFTER = 25

/**
 * From a job's end to its webhook, jobs that each bring a URL of one of a hundred receivers of which one is dead; and from a request for
 * `/v1/events`, or for the events of a job that was streamed, that goes on after an event to the first byte of the next. Measured from the answer that a waiting client of the same job
 * gets, which is later than the settle by its way to the client.
 */
export async function measureWebhooks(rig: Rig): Promise<void> {
  const sink = await startWebhookSink()
  const directory = await mkdtemp(join(rig.directory, 'stack-'))
  const stack = await startSwitchyard(rig.crew, rig.simulator.url, { directory })
  try {
    for (let round = 0; round < rig.options.rounds; round++) {
      rig.say(`webhooks, round ${round + 1}`)
      await rig.simulator.reset()
      await rig.simulator.setPace(MODEL, { firstTokenMs: 0, chunkDelayMs: 0, chunks: 1 })
      await measureFirstTries(rig, stack.target, sink)
      await measureFeed(rig, stack.target)
      await measureJobEvents(rig, stack.target)
    }
  } finally {
    await stack.stop()
    sink.stop()
  }
}

async function measureFirstTries(rig: Rig, target: Target, sink: WebhookSink): Promise<void> {
  const count = Math.round((WINDOW_MS * rig.options.scale) / EVERY_MS)
  const beganMs = performance.now()
  const jobs = await Promise.all(
    Array.from({ length: count }, async (_, i): Promise<Told | null> => {
      await sleep(Math.max(0, i * EVERY_MS - (performance.now() - beganMs)))
      return runJob(target, sink, i % RECEIVERS)
    }),
  )
  const told = jobs.filter((job) => job !== null)
  const missing = () => told.filter(({ jobId, dead }) => !dead && sink.cameAtMs(jobId) === undefined).length
  for (const deadline = performance.now() + ARRIVE_WITHIN_MS; missing() > 0 && performance.now() < deadline; )
    await sleep(20)
  const failed = jobs.length - told.length + missing()
  if (failed > 0) rig.results.fail('webhooks', failed, ['a job failed, or its webhook did not come'])
  const delays = told.flatMap(({ jobId, answeredAtMs, dead }) => {
    const atMs = sink.cameAtMs(jobId)
    return dead || atMs === undefined ? [] : [atMs - answeredAtMs]
  })
  add(rig, 'webhook first try', delays)
}

async function runJob(target: Target, sink: WebhookSink, receiver: number): Promise<Told | null> {
  const dead = receiver < DEAD
  const url = dead ? sink.deadUrl : `${sink.aliveUrl}/${receiver}`
  const body = { ...(JSON.parse(makePrompt(MODEL, false).body) as object), switchyard: { webhook: { url } } }
  const response = await fetch(target.origin + target.path, {
    method: 'POST',
    headers: target.headers,
    body: JSON.stringify(body),
  })
  await response.arrayBuffer()
  const answeredAtMs = performance.now()
  return response.ok ? { jobId: response.headers.get('x-request-id') ?? '', answeredAtMs, dead } : null
}

async function measureFeed(rig: Rig, target: Target): Promise<void> {
  const { 'content-type': _, ...headers } = target.headers
  const listed = await fetch(`${target.origin}/v1/events?limit=2`, { headers })
  const { data } = (await listed.json()) as { data: { id: string }[] }
  const [seen, next] = data
  if (seen === undefined || next === undefined) rig.results.fail('events', 1, ['the feed holds no two events'])
  else await measureResumes(rig, target, { row: 'events resume', path: '/v1/events', seen: seen.id, next: next.id })
}

async function measureJobEvents(rig: Rig, target: Target): Promise<void> {
  await rig.simulator.setPace(MODEL, { firstTokenMs: 0, chunkDelayMs: 0, chunks: CHUNKS })
  const response = await fetch(target.origin + target.path, {
    method: 'POST',
    headers: target.headers,
    body: makePrompt(MODEL, true).body,
  })
  await response.text()
  const path = `/v1/jobs/${response.headers.get('x-request-id')}/events`
  const [seen, next] = [String(RESUMED_AFTER), String(RESUMED_AFTER + 1)]
  await measureResumes(rig, target, { row: 'job events resume', path, seen, next })
}

interface Resumed {
  row: string
  path: string
  /** Ids of the last event that was seen and of the one after it. */
  seen: string
  next: string
}

async function measureResumes(rig: Rig, target: Target, { row, path, seen, next }: Resumed): Promise<void> {
  const { 'content-type': _, ...headers } = target.headers
  const times: number[] = []
  for (let i = 0; i < RESUMES * rig.options.scale; i++) {
    const abort = new AbortController()
    const beganMs = performance.now()
    const response = await fetch(target.origin + path, {
      headers: { ...headers, accept: 'text/event-stream', 'last-event-id': seen },
      signal: abort.signal,
    })
    const { value } = await response.body!.getReader().read()
    times.push(performance.now() - beganMs)
    const text = new TextDecoder().decode(value)
    if (!text.startsWith(`id: ${next}\n`)) rig.results.fail(row, 1, ['a stream did not go on with the next event'])
    abort.abort()
  }
  add(rig, row, times)
}

function add(rig: Rig, row: string, values: number[]): void {
  const found = quantiles(values)
  if (found === null) return
  rig.results.add(`${row} p50`, 'switchyard', found.p50)
  rig.results.add(`${row} p99`, 'switchyard', found.p99)
}
