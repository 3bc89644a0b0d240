import { inWords, judgeGoals } from './goals.ts'
import { added, figure, markdownTable } from './markdown.ts'
import { STREAMS } from './measure-first-token.ts'
import { costText } from './process-costs.ts'
import { CHUNKS } from './prompt.ts'
import { routing } from './report-routing.ts'
import { waits } from './report-waits.ts'
import type { Results } from './results.ts'
import { VARIANTS, type VariantName } from './variant.ts'

const HEADS: Record<VariantName, string> = {
  direct: 'simulator, direct',
  proxy: 'plain Fastify proxy',
  prototype: 'bare path',
  portkey: 'Portkey 1.15.2',
  switchyard: 'Switchyard',
}

/** The whole report as markdown. */
export function report(results: Results, conditions: string, heldStreams: number): string {
  const parts = [
    comparison(results, heldStreams),
    single(results),
    delivery(results),
    batches(results),
    besideBatch(results),
    routing(results),
    waits(results),
    goals(results),
  ].filter((part) => part !== '')
  const failed = results.failed()
  const errors =
    failed === 0
      ? 'Errors: none; every stream was complete and every body the right one.'
      : [`Errors: ${failed}`, ...results.failures().map((reason) => `- ${reason}`)].join('\n')
  return `${[conditions, ...parts, errors].join('\n\n')}\n`
}

/** The rows that all variants have. Rows of which this run measured nothing are left out. */
function comparison(results: Results, heldStreams: number): string {
  const rows: string[][] = []
  const row = (what: string, cell: (variant: VariantName) => string) => {
    const cells = VARIANTS.map(cell)
    if (cells.some((text) => !/^[– /]*$/.test(text))) rows.push([what, ...cells])
  }
  const quantilesOf = (name: string, streams: number) => (variant: VariantName) => {
    const show = variant === 'direct' ? figure : added
    return ['p50', 'p99']
      .map((quantile) => show(results.median(`${name} ${quantile} @${streams}`, variant)))
      .join(' / ')
  }
  const rate = (name: string) => (variant: VariantName) => figure(results.median(`${name} rate`, variant))
  const cost = (name: string, divisor?: number) => (variant: VariantName) => costText(results, name, variant, divisor)

  for (const streams of STREAMS)
    row(`added time to first token, ${inWords(streams)}, p50 / p99, ms`, quantilesOf('ttft', streams))
  for (const streams of STREAMS)
    row(`added total time, ${inWords(streams)}, p50 / p99, ms`, quantilesOf('total', streams))
  row('JSON requests/s at saturation', rate('json'))
  row(`${CHUNKS}-chunk streams/s at saturation`, rate('stream'))
  row('CPU per JSON request, µs', cost('json cpu'))
  row(`CPU per ${CHUNKS}-chunk stream, µs`, cost('stream cpu'))
  row('CPU per streamed chunk at saturation, µs', cost('stream cpu', CHUNKS))
  row('CPU per streamed chunk, 200 paced streams, µs', cost('paced chunk cpu @200'))
  row(`memory per open idle stream at ${heldStreams.toLocaleString('en-US')}, KB`, cost('memory'))
  if (rows.length === 0) return ''
  const note = [
    'Simulator: absolute figures; the others: what they add to it in the same round.',
    'Sums: ingress + worker + Redis, and + the rest of the stack where it costs CPU.',
    'Bare path: Fastify, a BullMQ queue, a worker and a channel back, with nothing of a product in it (test/bench/prototype).',
    'Portkey waits a fixed 25 ms before the first chunk of a stream; that is in its source and not the machine.',
  ].join(' ')
  return `${markdownTable([['', ...VARIANTS.map((variant) => HEADS[variant])], ...rows])}\n\n${note}`
}

/** Telemetry and lanes: one thing with and without. */
function single(results: Results): string {
  const rows: string[][] = []
  const row = (what: string, name: string, without: string, withIt: string) => {
    const [before, after] = [results.median(name, without), results.median(name, withIt)]
    if (before !== null && after !== null)
      rows.push([what, figure(before), figure(after), `${figure(results.ratio(name, withIt, without))} ×`])
  }
  row('jobs/s, no-op: bare BullMQ → a lane', 'jobs rate', 'bare', 'lane')
  row('CPU per job, producer + consumer, µs: bare BullMQ → a lane', 'jobs cpu', 'bare', 'lane')
  row('JSON requests/s: telemetry off → on', 'json rate', 'telemetry off', 'telemetry on')
  row('streams/s: telemetry off → on', 'stream rate', 'telemetry off', 'telemetry on')
  for (const part of ['ingress', 'worker']) {
    row(`CPU per JSON request, ${part}, µs: off → on`, 'json cpu', `telemetry off ${part}`, `telemetry on ${part}`)
    row(`CPU per stream, ${part}, µs: off → on`, 'stream cpu', `telemetry off ${part}`, `telemetry on ${part}`)
  }
  if (rows.length === 0) return ''
  const spans = results.median('spans per request', 'telemetry on')
  const table = markdownTable([['', 'without', 'with', 'ratio'], ...rows])
  return spans === null ? table : `${table}\n\nSpans that arrived at the collector: ${figure(spans)} per request.`
}

/** What is told of an end, and how soon. */
function delivery(results: Results): string {
  const rows: string[][] = []
  const row = (what: string, name: string) => {
    const [p50, p99] = ['p50', 'p99'].map((quantile) => results.median(`${name} ${quantile}`, 'switchyard'))
    if (p50 !== null && p99 !== null) rows.push([what, figure(p50!), figure(p99!)])
  }
  row('first webhook try after the answer, 1 % of receivers dead, ms', 'webhook first try')
  row('`/v1/events` after an event, to the first byte of the next, ms', 'events resume')
  row('`/v1/jobs/{id}/events` after an event, to the first byte of the next, ms', 'job events resume')
  return rows.length === 0 ? '' : markdownTable([['', 'p50', 'p99'], ...rows])
}

/** One batch: figures of their own, and beside bare BullMQ where lanes were measured too. */
function batches(results: Results): string {
  const of = (column: string) => results.median('batch', column)
  const rows: string[][] = []
  const row = (what: string, value: number | null, unit = '') => {
    if (value !== null) rows.push([what, `${figure(value)}${unit}`])
  }
  row('batch: lines validated/s', of('lines validated/s'))
  row('batch: memory of ingress at its largest, a 200 MB input too', of('ingress MB'), ' MB')
  row('batch: memory of background at its largest, a 200 MB input too', of('background MB'), ' MB')
  row('batch: growth of Redis at its largest, per line', of('Redis bytes per line'), ' bytes')
  row('batch: lines/s through the simulator at 0 ms', of('lines/s'))
  const cpu = ['ingress', 'worker', 'redis', 'background'].map((part) => results.median('batch line cpu', part))
  if (cpu.every((cost) => cost !== null)) {
    const sum = cpu.reduce((all, cost) => all + cost, 0)
    rows.push([
      'batch: CPU per line, ingress + worker + Redis + background, µs',
      `${cpu.map(figure).join(' + ')} = ${figure(sum)}`,
    ])
  }
  const bare = results.median('jobs rate', 'bare')
  const lines = of('lines/s')
  if (bare !== null && lines !== null) row('batch: lines/s against jobs/s of bare BullMQ', lines / bare, ' ×')
  return rows.length === 0 ? '' : markdownTable([['one batch', ''], ...rows])
}

/** What a batch does to others of the same model. */
function besideBatch(results: Results): string {
  const rows: string[][] = []
  const row = (what: string, name: string) => {
    const [without, withIt] = ['without', 'with'].map((column) => results.median(name, column))
    if (without !== null && withIt !== null)
      rows.push([what, figure(without!), figure(withIt!), `${figure(results.ratio(name, 'with', 'without'))} ×`])
  }
  row('interactive requests: wait in their lane, p50, ms', 'queue wait p50')
  row('interactive requests: wait in their lane, p99, ms', 'queue wait p99')
  row('interactive requests: time beyond the model’s own, p50, ms', 'beside a batch p50')
  row('interactive requests: time beyond the model’s own, p99, ms', 'beside a batch p99')
  row('fifty batches of ten lines, until all have ended, ms', 'small batches ms')
  return rows.length === 0
    ? ''
    : markdownTable([['beside a batch of 50,000 lines', 'without', 'with', 'ratio'], ...rows])
}

function goals(results: Results): string {
  const judged = judgeGoals(results)
  if (judged.length === 0) return ''
  return markdownTable([
    ['goal', 'wanted', 'measured', ''],
    ...judged.map(({ what, wanted, measured, met }) => [what, wanted, measured, met ? 'met' : '**missed**']),
  ])
}
