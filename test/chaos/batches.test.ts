import { afterAll, beforeAll, expect, it } from 'vitest'
import { Api } from '../harness/api.ts'
import { createBatch, endedBatch, readRows, requestLine } from '../harness/batches.ts'
import { type Stack, startStack } from '../harness/stack.ts'

const LINES = 200
const KILLS = 20
/** An answer that has come is not stored yet for so long at most: its call counts as in flight. */
const UNSETTLED_MS = 1_000
/** Whoever follows a killed feeder may do so after its lease of 10 s: the others are killed more often. */
const VICTIMS = ['worker', 'ingress', 'worker', 'ingress', 'background'] as const
const PATIENCE_MS = 3_000

let stack: Stack
let api: Api
beforeAll(async () => {
  stack = await startStack()
  api = new Api(stack)
})
afterAll(() => stack.stop())

it(`a batch of ${LINES} lines comes back whole after ${KILLS} kills, and nothing was paid for twice`, {
  timeout: 120_000,
}, async () => {
  const { simulator } = stack
  await simulator.reset()
  await simulator.model('gpt-5.4-mini', { firstTokenMs: 150, chunks: 3 })
  const lines = Array.from({ length: LINES }, (_, i) => requestLine(`line-${i}`, `echo: ${i}`))
  const batch = await createBatch(api, lines)

  const killedAtMs: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = VICTIMS[kill % VICTIMS.length]!
    const pid = stack.pid(victim)
    // A worker is killed in the middle of its calls, as long as there are some to come.
    if (victim === 'worker') await callsInFlight()
    process.kill(pid, 'SIGKILL')
    if (victim === 'worker') killedAtMs.push(Date.now())
    await stack.restarted(victim, pid)
  }

  const ended = await endedBatch(api, batch.id)
  expect(ended).toMatchObject({ status: 'completed', request_counts: { total: LINES } })
  const rows = [...(await readRows(api, ended.output_file_id)), ...(await readRows(api, ended.error_file_id))]
  expect(rows.map(({ custom_id }) => custom_id).toSorted()).toEqual(lines.map((_, i) => `line-${i}`).toSorted())
  expect(ended.request_counts!.completed + ended.request_counts!.failed).toBe(LINES)
  // A line that was called again had its call before that in flight when its worker was killed.
  const byJob = Map.groupBy(await simulator.calls(), ({ clientRequestId }) => clientRequestId!.split('.')[0])
  const paidTwice = [...byJob.values()].flatMap((calls) =>
    calls
      .slice(0, -1)
      .filter(({ at, msToEnd }) => {
        const [fromMs, toMs] = [at - UNSETTLED_MS, at + (msToEnd ?? 0) + UNSETTLED_MS]
        return !killedAtMs.some((atMs) => fromMs <= atMs && atMs <= toMs)
      })
      .map(({ at, msToEnd, ended, status }) => ({ at, msToEnd, ended, status, calls: calls.length })),
  )
  expect({ paidTwice, killedAtMs }).toEqual({ paidTwice: [], killedAtMs })
})

/** Resolves when some calls run, or when none came for a while: the feeder is dead, or everything is done. */
async function callsInFlight(): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (performance.now() < deadline) {
    if ((await stack.simulator.calls()).some(({ ended }) => ended === 'in_flight')) return
  }
}
