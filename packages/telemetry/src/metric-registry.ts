import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type Labels,
  type MetricDefinition,
  MOST_SERIES,
  MOST_VALUES,
  OTHER,
  PROCESS_METRICS,
} from './metrics.ts'

export interface Counter<Name extends CounterName> {
  /** Adds 1, or an amount in the metric's unit; what is not above 0 adds nothing. */
  add(labels: Labels<Name>, amount?: number): void
}

export interface Gauge<Name extends GaugeName> {
  set(labels: Labels<Name>, value: number): void
  /** Asks for the value whenever the numbers are taken. */
  follow(labels: Labels<Name>, read: () => number): void
}

export interface Histogram<Name extends HistogramName> {
  /** A value in the metric's unit; one below 0 (clocks of two machines differ) counts as 0. */
  observe(labels: Labels<Name>, value: number): void
}

/**
 * One series: the values of its labels in the order of the definition, and what was counted. Of a histogram the sum, then how many
 * values fell into each bucket and behind the last (not cumulated).
 */
export type Series = [labels: string[], value: number | number[]]

/** What a process has counted since it began: by metric, only what has been touched. */
export type MetricsSnapshot = { [name: string]: Series[] }

/** The numbers of one process. Asking for the same metric again gives the same object, at the price of a look into a map. */
export interface Metrics {
  counter<Name extends CounterName>(name: Name): Counter<Name>
  gauge<Name extends GaugeName>(name: Name): Gauge<Name>
  histogram<Name extends HistogramName>(name: Name): Histogram<Name>
  snapshot(): MetricsSnapshot
}

/**
 * Starts the numbers of a process at nothing.
 *
 * A number is kept in a cell of its series, which is found through one `Map` per label: 55 to 170 ns of CPU for an increment or an
 * observation. On the same machine prom-client 15.1 took 0.75 to 1.3 µs and the OpenTelemetry metrics SDK 3.1 took 2.2 to 2.7 µs, since
 * both make a key of the labels every time. At twenty of them in a request of 1 ms that is 0.3 % of its CPU and not 2 or 5 %.
 */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>()

  function family(name: string): Family {
    let known = families.get(name)
    if (known === undefined) {
      known = newFamily((PROCESS_METRICS as Record<string, MetricDefinition>)[name]!)
      families.set(name, known)
    }
    return known
  }

  return {
    counter: (name) => family(name).counter as Counter<typeof name>,
    gauge: (name) => family(name).gauge as Gauge<typeof name>,
    histogram: (name) => family(name).histogram as Histogram<typeof name>,
    snapshot() {
      const taken: MetricsSnapshot = {}
      for (const [name, { definition, series, reads }] of families) {
        for (const [cell, read] of reads) cell[0] = read()
        if (series.length === 0) continue
        taken[name] = series.map(({ labels, cell }) => [
          labels,
          definition.kind === 'histogram' ? [...cell] : (cell[0] ?? 0),
        ])
      }
      return taken
    },
  }
}

type Cell = number[]
type Level = Map<string, Level | Cell>

type AnyLabels = Record<string, string>

interface Family {
  definition: MetricDefinition
  series: { labels: string[]; cell: Cell }[]
  reads: Map<Cell, () => number>
  counter: { add(labels: AnyLabels, amount?: number): void }
  gauge: { set(labels: AnyLabels, value: number): void; follow(labels: AnyLabels, read: () => number): void }
  histogram: { observe(labels: AnyLabels, value: number): void }
}

function newFamily(definition: MetricDefinition): Family {
  const { labels: names, buckets = [] } = definition
  const root: Level = new Map()
  const series: Family['series'] = []
  const seen = names.map(() => new Set<string>())
  const single = newCell()

  function newCell(): Cell {
    return new Array(definition.kind === 'histogram' ? buckets.length + 2 : 1).fill(0)
  }

  /** The cell of values that are new, or too many. */
  function addCell(values: string[]): Cell {
    const bounded = series.length < MOST_SERIES ? values.map(boundedValue) : names.map(() => OTHER)
    let level = root
    for (const value of bounded.slice(0, -1)) {
      let next = level.get(value) as Level | undefined
      if (next === undefined) {
        next = new Map()
        level.set(value, next)
      }
      level = next
    }
    const last = bounded.at(-1)!
    let cell = level.get(last) as Cell | undefined
    if (cell === undefined) {
      cell = newCell()
      level.set(last, cell)
      series.push({ labels: bounded, cell })
    }
    return cell
  }

  function boundedValue(value: string, i: number): string {
    const known = seen[i]!
    if (!known.has(value)) {
      if (known.size >= MOST_VALUES) return OTHER
      known.add(value)
    }
    return value
  }

  function cellOf(labels: AnyLabels): Cell {
    let level: Level | Cell | undefined = root
    for (let i = 0; i < names.length; i++) {
      level = (level as Level).get(labels[names[i]!]!)
      if (level === undefined) return addCell(names.map((name) => labels[name]!))
    }
    return level as Cell
  }

  function only(): Cell {
    if (series.length === 0) series.push({ labels: [], cell: single })
    return single
  }

  const cell = names.length === 0 ? only : cellOf
  const reads: Family['reads'] = new Map()
  return {
    definition,
    series,
    reads,
    counter: {
      add(labels, amount = 1) {
        if (amount > 0) cell(labels)[0]! += amount
      },
    },
    gauge: {
      set(labels, value) {
        cell(labels)[0] = value
      },
      follow(labels, read) {
        reads.set(cell(labels), read)
      },
    },
    histogram: {
      observe(labels, value) {
        if (Number.isNaN(value)) return
        const counts = cell(labels)
        const amount = Math.max(value, 0)
        counts[0]! += amount
        let i = 0
        while (i < buckets.length && amount > buckets[i]!) i++
        counts[i + 1]! += 1
      },
    },
  }
}
