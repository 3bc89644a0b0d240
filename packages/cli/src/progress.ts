import cliProgress from 'cli-progress'
import type { Batch } from './batch-object.ts'

export interface Progress {
  update(batch: Batch): void
  stop(): void
}

const LINES = 10

/** On stderr: a bar on a terminal; elsewhere a line for every tenth of the way. */
export function startProgress(): Progress {
  return process.stderr.isTTY ? bar() : lines()
}

function bar(): Progress {
  const own = new cliProgress.SingleBar(
    { format: '  {bar} {value}/{total} · {facts}', hideCursor: true, stream: process.stderr },
    cliProgress.Presets.shades_classic,
  )
  own.start(0, 0, { facts: 'the input is being validated' })
  return {
    update(batch) {
      own.setTotal(batch.request_counts?.total ?? 0)
      own.update(ended(batch), { facts: facts(batch) })
    },
    stop: () => own.stop(),
  }
}

function lines(): Progress {
  let shown = -1
  return {
    update(batch) {
      const total = batch.request_counts?.total ?? 0
      const tenth = total === 0 ? 0 : Math.floor((ended(batch) * LINES) / total)
      if (total === 0 || tenth === shown) return
      shown = tenth
      process.stderr.write(`  ${ended(batch)}/${total} · ${facts(batch)}\n`)
    },
    stop() {},
  }
}

function ended({ request_counts }: Batch): number {
  return (request_counts?.completed ?? 0) + (request_counts?.failed ?? 0)
}

/** What a person wants to know beside the bar: rate, time left, cost, failures. */
function facts({ status, request_counts, switchyard }: Batch): string {
  const { rate_per_second: rate = null, eta_seconds: eta = null, cost_usd: cost = null, paused } = switchyard ?? {}
  return [
    paused ? 'paused' : status,
    ...(rate === null ? [] : [`${rate.toFixed(1)}/s`]),
    ...(eta === null ? [] : [`${duration(eta)} left`]),
    ...(cost === null ? [] : [`$${cost.toFixed(4)}`]),
    ...(request_counts?.failed ? [`${request_counts.failed} failed`] : []),
  ].join(' · ')
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}
