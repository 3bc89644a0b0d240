import { setTimeout as delay } from 'node:timers/promises'
import { submit } from '@switchyard/broker/submit'
import { estimateTokens } from '@switchyard/catalog/estimate-tokens'
import { eventually } from '@switchyard/redis/testing/eventually'
import { type OwnRedis, startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SimulatorProcess, startSimulatorProcess } from './testing/simulator-process.ts'
import { openWorkerBundle, type WorkerBundle } from './testing/worker-bundle.ts'

/** A minute takes 18 seconds here, for the limiter and for the simulator, which enforces what it is told. */
const MINUTE_MS = 18_000
const MINUTES = 10
const TPM = 60_000
const LIMITS = { rpm: 200, tpm: TPM, inFlight: 64 }
/** Offered at five times the quota: all of it within the first fifth. */
const OFFERED = 5

/** Words of a prompt, and how often such a one comes. Tokens are about 1.3 times the words. */
const SIZES = [
  { words: 40, share: 0.55 },
  { words: 400, share: 0.35 },
  { words: 4_000, share: 0.1 },
]
const WORDS = 'the quota of a minute is spent on every second line that somebody wrote about it'.split(' ')
const LONGEST_ANSWER = 60

let server: OwnRedis
let simulator: SimulatorProcess
let bundle: WorkerBundle
beforeAll(async () => {
  ;[server, simulator] = await Promise.all([startOwnRedis(), startSimulatorProcess()])
  bundle = await openWorkerBundle(server.url, simulator, LIMITS)
  await simulator.model(bundle.first.model, { ...LIMITS, windowMs: MINUTE_MS, firstTokenMs: 30, chunkDelayMs: 2 })
})
afterAll(async () => {
  await bundle.close()
  await Promise.all([server.remove(), simulator.stop()])
})

/** The same mixture in every run. */
function prompts(): { text: string; chunks: number; tokens: number }[] {
  const list: ReturnType<typeof prompts> = []
  for (let total = 0, i = 0; total < MINUTES * TPM; i++) {
    const at = (i * 0.618_034) % 1
    const { words } = SIZES.find((_, n) => at < SIZES.slice(0, n + 1).reduce((sum, { share }) => sum + share, 0))!
    const chunks = 1 + ((i * 37) % LONGEST_ANSWER)
    const text = `length: ${chunks} chunks. ${Array.from({ length: words }, (_, n) => WORDS[n % WORDS.length]).join(' ')}`
    const tokens = Math.ceil(text.length / 4) + chunks * 2
    list.push({ text, chunks, tokens })
    total += tokens
  }
  return list
}

it('ten minutes of work, offered at five times the quota, use it up and are never refused', {
  timeout: 240_000,
}, async () => {
  await bundle.start({ quotaMinuteMs: MINUTE_MS })
  // A process that has just started is slow with its first calls.
  const warm = Array.from({ length: 20 }, () => bundle.spec({}, [bundle.first]))
  await Promise.all(warm.map((spec) => bundle.submit(spec)))
  await Promise.all(warm.map(({ id }) => bundle.ended(id)))
  const work = prompts()
  const offered = work.reduce((sum, { tokens }) => sum + tokens, 0)
  const jobIds: string[] = []
  const beganAtMs = performance.now()
  let sent = 0
  for (const [i, { text, tokens }] of work.entries()) {
    const spec = bundle.spec(
      {
        deadlineMs: null,
        stream: i % 3 === 0,
        // What nine of ten answers do not exceed, as ingress would have learnt it.
        estimate: { inputTokens: estimateTokens(text), outputTokens: 100 },
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
  const used = served.reduce((sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens, 0)
  const [firstMs, lastMs] = [Math.min(...served.map(({ at }) => at)), Math.max(...served.map(({ at }) => at))]
  // An idle window gives a minute's worth at once; from then on nobody could have used more.
  const most = TPM * ((lastMs - firstMs) / MINUTE_MS + 1)
  const records = await Promise.all(jobIds.map((id) => bundle.read(id)))
  const measured = {
    jobs: jobIds.length,
    tokens: used,
    offeredTokens: offered,
    minutes: (lastMs - firstMs) / MINUTE_MS,
    shareOfQuota: used / most,
    refused: calls.filter(({ status }) => status === 429).length,
    completed: records.filter(({ status }) => status === 'completed').length,
    callsPerJob: calls.length / jobIds.length,
    putOff: records.filter(({ delivery }) => delivery > 1).length,
  }
  process.stdout.write(`${JSON.stringify(measured)}\n`)
  const half = MINUTE_MS / 2
  const hist: number[] = []
  for (const c of served) { const b = Math.floor((c.at - firstMs) / half); hist[b] = (hist[b] ?? 0) + c.promptTokens + c.completionTokens }
  process.stdout.write(`${JSON.stringify(hist)}\n`)
  process.stdout.write(`${JSON.stringify(calls.filter((c) => c.status === 429).map((c) => [(c.at - firstMs) / MINUTE_MS, c.promptTokens]))}\n`)
  expect(measured).toMatchObject({ refused: 0, completed: jobIds.length, callsPerJob: 1 })
  expect(measured.shareOfQuota).toBeGreaterThan(0.95)
})
