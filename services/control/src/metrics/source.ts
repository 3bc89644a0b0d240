import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'

/** A part of the page, read from shared state when somebody asks. */
export interface Source {
  name: string
  read(): Promise<MetricsSnapshot>
}
