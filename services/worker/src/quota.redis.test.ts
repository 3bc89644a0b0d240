import { setTimeout as delay } from 'node:timers/promises'
import { submit } from '@switchyard/broker/submit'
import { estimateTokens } from '@switchyard/catalog/estimate-tokens'
import { eventually } from '@switchyard/redis/testing/eventually'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

const MINUTE_MS = 60_000
/** For so long there is always more to do than the quota allows. */
const MINUTES = 3
const TPM = 120_000
const LIMITS = { rpm: 400, tpm: TPM, inFlight: 64 }
/** Offered at five times the quota: all of it within the first fifth. */
const OFFERED = 5
/** More than the minutes hold, so that the last of them is as full as the first. */
const OVERHANG = 0.05

/** Words of a prompt, and how often such a one comes. Tokens are about 1.3 times the words. */
const SIZES = [
  { words: 40, share: 0.55 },
  { words: 400, share: 0.35 },
  { words: 3_000, share: 0.1 },
]
const WORDS = 'the quota of a minute is spent on every second line that somebody wrote about it'.split(' ')
const LONGEST_ANSWER = 60

let server: OwnRedis
let simulator: SimulatorProcess
let bundle: WorkerBundle
beforeAll(async () => {
  ;[server, simulator] = await Promise.all([startOwnRedis(), startSimulatorProcess()])
  bundle = await openWorkerBundle(server.url, simulator, LIMITS)
  await simulator.model(bundle.first.model, { ...LIMITS, firstTokenMs: 30, chunkDelayMs: 2 })
})
afterAll(async () => {
  await bundle.close()
  await Promise.all([server.remove(), simulator.stop()])
})

/** The same mixture in every run. */
function prompts(): { text: string; chunks: number; tokens: number }[] {
  const list: ReturnType<typeof prompts> = []
  for (let total = 0, i = 0; total < (MINUTES + OVERHANG) * TPM; i++) {
    const at = (i * 0.618_034) % 1
    const { words } = SIZES.find((_, n) => at < SIZES.slice(0, n + 1).reduce((sum, { share }) => sum + share, 0))!
    const chunks = 1 + ((i * 37) % LONGEST_ANSWER)
    const text = `length: ${chunks} chunks. ${Array.from({ length: words }, (_, n) => WORDS[n % WORDS.length]).join(' ')}`
    const tokens = Math.ceil(text.length / 4) + chunks * 3
    list.push({ text, chunks, tokens })
    total += tokens
  }
  return list
}

it('three minutes of work, offered at five times the quota, use it up and are never refused', {
  timeout: 300_000,
}, async () => {
  await bundle.start()
  // A process that has just started is slow with its first calls.
  const warm = Array.from({ length: 20 }, () => bundle.spec({}, [bundle.first]))
  await Promise.all(warm.map((spec) => bundle.submit(spec)))
  await Promise.all(warm.map(({ id }) => bundle.ended(id)))
  const work = prompts()
  const jobIds: string[] = []
  const beganAtMs = performance.now()
  let sent = 0
  for (const [i, { text, tokens }] of work.entries()) {
    const spec = bundle.spec(
      {
        deadlineMs: null,
        stream: i % 3 === 0,
        // What nine of ten answers do not exceed, as ingress would have learnt it.
        estimate: { inputTokens: estimateTokens(text), outputTokens: 200 },
      },
      [bundle.first],
    )
    const body = Buffer.from(
      JSON.stringify({ model: spec.model, stream: spec.stream, messages: [{ role: 'user', content: text }] }),
    )
    await submit(bundle.broker, { spec, body, reader: null })
    jobIds.push(spec.id)
    sent += tokens
    const dueMs = (sent / (OFFERED * TPM)) * MINUTE_MS
    if (performance.now() - beganAtMs < dueMs) await delay(dueMs - (performance.now() - beganAtMs))
  }

  await eventually(async () => {
    const { waiting, delayed, active } = await bundle.broker.producer.depth(bundle.first.lane)
    expect(waiting + delayed + active).toBe(0)
  }, 240_000)

  const calls = (await simulator.calls(bundle.first.model)).slice(warm.length)
  const served = calls.filter(({ status }) => status === 200)
  // From the first call on no provider gives more than MINUTES × TPM in so many minutes, wherever its windows begin.
  const firstMs = Math.min(...served.map(({ at }) => at))
  const used = served
    .filter(({ at }) => at < firstMs + MINUTES * MINUTE_MS)
    .reduce((sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens, 0)
  const records = await Promise.all(jobIds.map((id) => bundle.read(id)))
  const measured = {
    jobs: jobIds.length,
    shareOfQuota: used / (MINUTES * TPM),
    refused: calls.filter(({ status }) => status === 429).length,
    completed: records.filter(({ status }) => status === 'completed').length,
    callsPerJob: calls.length / jobIds.length,
    putOff: records.filter(({ delivery }) => delivery > 1).length,
  }
  process.stdout.write(`${JSON.stringify(measured)}\n`)
  expect(measured).toMatchObject({ refused: 0, completed: jobIds.length, callsPerJob: 1 })
  expect(measured.shareOfQuota).toBeGreaterThan(0.95)
})
