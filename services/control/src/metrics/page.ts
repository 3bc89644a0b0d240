import { setTimeout as sleep } from 'node:timers/promises'
import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'
import { renderMetrics } from './render-metrics.ts'
import { reuse } from './reuse.ts'
import type { Source } from './source.ts'

/** Whoever asks within this time of the last page gets that one: many who ask cost Redis no more than one. */
const FRESH_MS = 1_000
/** A page is there by then; Prometheus gives up after 10 s. */
const PATIENCE_MS = 2_000

export interface Page {
  render(): Promise<string>
}

/**
 * The page of all numbers. Its sources are read side by side; one that fails or is slow is left out and said so
 * (`switchyard_source_up`), and does not hold up the others.
 */
export function openPage(
  sources: readonly Source[],
  onError: (error: unknown, source: string) => void,
  patienceMs = PATIENCE_MS,
): Page {
  async function readOne({ name, read }: Source): Promise<MetricsSnapshot> {
    const late = new AbortController()
    try {
      const reading = read()
      // It may still fail when nobody waits any more.
      reading.catch(() => {})
      const limit = sleep(patienceMs, null, { signal: late.signal, ref: false })
      limit.catch(() => {})
      const numbers = await Promise.race([reading, limit])
      if (numbers === null) throw new Error(`no answer within ${patienceMs} ms`)
      return { ...numbers, switchyard_source_up: [[[name], 1]] }
    } catch (error) {
      onError(error, name)
      return { switchyard_source_up: [[[name], 0]] }
    } finally {
      late.abort()
    }
  }

  async function renderNow(): Promise<string> {
    const parts = await Promise.all(sources.map(readOne))
    const numbers: MetricsSnapshot = {}
    for (const part of parts) {
      for (const [name, series] of Object.entries(part)) numbers[name] = [...(numbers[name] ?? []), ...series]
    }
    return renderMetrics(numbers)
  }

  return { render: reuse(renderNow, FRESH_MS) }
}
