import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from './connection.ts'
import { type Exchange, exchange } from './exchange.ts'
import type { Load, Measured } from './load.ts'
import { cpuTimes } from './process-facts.ts'
import { quantiles } from './quantiles.ts'

const MOST_FAILURES_TOLD = 5
/** After a failure, so that a target that refuses at once is not stormed. */
const AFTER_FAILURE_MS = 20

/** A closed loop: `concurrency` requests at a time, each on a connection of its own that is kept. */
export async function runLoad(load: Load): Promise<Measured> {
  const { target, kind, model, concurrency, spreadMs, warmMs, windowMs, watch } = load
  const firstTokens: number[] = []
  const totals: number[] = []
  const failures: string[] = []
  let failed = 0
  let completed = 0
  let answered = 0
  let opensMs = Number.POSITIVE_INFINITY
  let closesMs = Number.POSITIVE_INFINITY

  function note({ beganMs, firstTokenMs, endedMs, failure }: Exchange): void {
    if (failure !== null) {
      failed++
      if (failures.length < MOST_FAILURES_TOLD) failures.push(failure)
      return
    }
    answered++
    if (endedMs >= opensMs && endedMs < closesMs) completed++
    if (beganMs < opensMs || beganMs >= closesMs) return
    totals.push(endedMs - beganMs)
    if (firstTokenMs !== null) firstTokens.push(firstTokenMs - beganMs)
  }

  async function askAgainAndAgain(connection: Connection, index: number): Promise<void> {
    await sleep((spreadMs * index) / concurrency)
    while (closesMs === Number.POSITIVE_INFINITY) {
      const done = await exchange(connection, target, kind, model)
      note(done)
      if (done.failure !== null) await sleep(AFTER_FAILURE_MS)
    }
    connection.close()
  }

  const askers = Array.from({ length: concurrency }, (_, index) =>
    askAgainAndAgain(openConnection(target.origin), index),
  )
  await sleep(warmMs)
  const before = cpuTimes(watch)
  opensMs = performance.now()
  await sleep(windowMs)
  closesMs = performance.now()
  const after = cpuTimes(watch)
  await Promise.all(askers)
  return {
    completed,
    windowMs: closesMs - opensMs,
    answered,
    firstTokenMs: quantiles(firstTokens),
    totalMs: quantiles(totals),
    cpuMs: Object.fromEntries(Object.keys(watch).map((name) => [name, after[name]! - before[name]!])),
    failed,
    failures,
  }
}
