import { createMetrics, type Metrics } from '@switchyard/telemetry/metric-registry'
import type { Telemetry, Tracer } from '@switchyard/telemetry/start-telemetry'

export interface RecordedSpan {
  name: string
  traceId: string
  /** Epoch ms. */
  startMs: number
  endMs: number
  attributes: Record<string, unknown>
}

/** Telemetry that keeps every span, and numbers of its own. */
export function recordingTelemetry(): { telemetry: Telemetry; spans: RecordedSpan[]; metrics: Metrics } {
  const spans: RecordedSpan[] = []
  const metrics = createMetrics()
  const tracer: Tracer = {
    sample: () => true,
    export: (span) =>
      spans.push({
        name: span.name,
        traceId: span.spanContext().traceId,
        startMs: toMs(span.startTime),
        endMs: toMs(span.endTime),
        attributes: { ...span.attributes },
      }),
    // Nothing here reads it.
    resource: undefined as unknown as Tracer['resource'],
  }
  return { telemetry: { tracer, metrics, stop: async () => {} }, spans, metrics }
}

function toMs([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1_000 + nanos / 1e6
}
