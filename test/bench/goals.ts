import { figure } from './markdown.ts'
import { STREAMS } from './measure-first-token.ts'
import { totalCost } from './process-costs.ts'
import type { Results } from './results.ts'

export interface Goal {
  what: string
  wanted: string
  measured: string
  met: boolean
}

/** What the product promised of its speed, each with what this run measured. Those that this run did not touch are left out. */
export function judgeGoals(results: Results): Goal[] {
  const goals: Goal[] = []
  const of = (row: string, column: string) => results.median(row, column)

  function atMost(what: string, value: number | null, limit: number, unit: string): void {
    if (value === null) return
    goals.push({
      what,
      wanted: `≤ ${figure(limit)}${unit}`,
      measured: `${figure(value)}${unit}`,
      met: value <= limit,
    })
  }
  function atLeast(what: string, ratio: number | null, factor: number): void {
    if (ratio === null) return
    goals.push({ what, wanted: `≥ ${factor} ×`, measured: `${figure(ratio)} ×`, met: ratio >= factor })
  }

  for (const streams of STREAMS) {
    for (const quantile of ['p50', 'p99'] as const) {
      const bare = of(`ttft ${quantile} @${streams}`, 'prototype')
      const value = of(`ttft ${quantile} @${streams}`, 'switchyard')
      if (bare === null) continue
      atMost(`added time to first token, ${quantile}, ${inWords(streams)}: 1.5 × bare path`, value, bare * 1.5, ' ms')
    }
  }
  atLeast('streams/s against the plain proxy', results.ratio('stream rate', 'switchyard', 'proxy'), 0.45)
  atLeast('JSON requests/s against Portkey', results.ratio('json rate', 'switchyard', 'portkey'), 2)
  const behind = behindPortkey(results)
  if (behind !== null) {
    const measured = behind.length === 0 ? 'ahead in every row' : `behind in: ${behind.join(', ')}`
    goals.push({ what: 'ahead of Portkey in every row', wanted: 'all rows', measured, met: behind.length === 0 })
  }
  atMost('first webhook try, p50, 1 % of receivers dead', of('webhook first try p50', 'switchyard'), 20, ' ms')
  atMost('ingress memory per open idle stream', of('memory', 'switchyard ingress'), 40, ' KB')
  atLeast('jobs/s through a lane against bare BullMQ', results.ratio('jobs rate', 'lane', 'bare'), 0.6)
  const validated = of('batch', 'lines validated/s')
  if (validated !== null) {
    const measured = `${figure(validated)}/s`
    goals.push({ what: 'batch lines of 1 KB validated', wanted: '≥ 10,000/s', measured, met: validated >= 10_000 })
  }
  for (const part of ['ingress', 'background']) {
    atMost(`memory of ${part} with a batch of 50,000 lines`, of('batch', `${part} MB`), 300, ' MB')
  }
  const alone = of('queue wait p99', 'without')
  if (alone !== null) {
    const limit = Math.max(alone * 1.2, alone + 20)
    const what = 'interactive queue wait, p99, beside a batch of 50,000 lines: 1.2 ×, or 20 ms more'
    atMost(what, of('queue wait p99', 'with'), limit, ' ms')
  }
  for (const when of ['accepted', 'waiting']) {
    const share = of('waits in range', when)
    if (share === null) continue
    const what = when === 'accepted' ? 'waits in the range told with the 202' : 'waits in the range told later'
    goals.push({ what, wanted: '75 to 85 %', measured: `${figure(share)} %`, met: share >= 75 && share <= 85 })
  }
  for (const kind of ['stream', 'json']) {
    const kept = results.ratio(`${kind} rate`, 'telemetry on', 'telemetry off')
    const cost = kept === null ? null : (1 - kept) * 100
    atMost(`telemetry's cost, ${kind === 'json' ? 'JSON requests' : 'streams'}/s`, cost, 15, ' %')
  }
  return goals
}

/** The rows in which Portkey is better; null where the two were not measured together. */
function behindPortkey(results: Results): string[] | null {
  const behind: string[] = []
  let compared = 0
  function compare(name: string, ours: number | null, theirs: number | null, moreIsBetter: boolean): void {
    if (ours === null || theirs === null) return
    compared++
    if (moreIsBetter ? ours <= theirs : ours >= theirs) behind.push(name)
  }
  const columns = (name: string, row: string, moreIsBetter: boolean) =>
    compare(name, results.median(row, 'switchyard'), results.median(row, 'portkey'), moreIsBetter)
  const costs = (name: string, row: string) =>
    compare(name, totalCost(results, row, 'switchyard'), totalCost(results, row, 'portkey'), false)

  for (const streams of STREAMS) {
    for (const quantile of ['p50', 'p99']) {
      columns(`first token ${quantile} at ${streams}`, `ttft ${quantile} @${streams}`, false)
      columns(`total time ${quantile} at ${streams}`, `total ${quantile} @${streams}`, false)
    }
    costs(`CPU per paced chunk at ${streams}`, `paced chunk cpu @${streams}`)
  }
  columns('streams/s', 'stream rate', true)
  columns('JSON requests/s', 'json rate', true)
  costs('CPU per stream', 'stream cpu')
  costs('CPU per JSON request', 'json cpu')
  costs('memory per idle stream (sum)', 'memory')
  return compared === 0 ? null : behind
}

export function inWords(streams: number): string {
  return streams === 1 ? '1 stream' : `${streams} streams`
}
