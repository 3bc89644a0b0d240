import { randomUUID } from 'node:crypto'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { BatchSpanProcessorOptions, ReadableSpan } from '@opentelemetry/sdk-trace'
import { createMetrics, type Metrics } from './metric-registry.ts'
import { type Sampler, samplerFromEnvironment } from './sampling.ts'
import { scrub } from './scrub.ts'

/** What `startSpan` needs to record; null where telemetry is off. */
export interface Tracer {
  sample: Sampler
  export: (span: ReadableSpan) => void
  resource: Resource
}

export interface Telemetry {
  readonly tracer: Tracer | null
  /** The numbers of this process; counted whether or not anything is traced. */
  readonly metrics: Metrics
  /** Sends what is left, for at most 2 s: a dead collector never holds a shutdown. Safe twice. */
  stop(): Promise<void>
}

const STOP_LIMIT_MS = 2000
const WARN_EVERY_MS = 60_000

/** Traces nothing, counts all the same. */
function withoutTracing(): Telemetry {
  return { tracer: null, metrics: createMetrics(), stop: async () => {} }
}

/** Telemetry that is off: for tests and tools. */
export const NO_TELEMETRY: Telemetry = withoutTracing()

/**
 * Starts tracing where the standard variables ask for it, that is where `OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set, `OTEL_SDK_DISABLED` is not `true` and `OTEL_TRACES_EXPORTER` is not `none`;
 * else nothing is loaded and spans cost nothing. No instrumentation is installed: every span is written by hand (spans.ts).
 *
 * Spans are queued (2,048 by default, `OTEL_BSP_*`) and sent in batches beside the requests. With the queue full or the
 * collector dead they are lost, and `warn` hears of it at most once a minute; no request ever waits for telemetry.
 *
 * @param options.service last part of `service.name`: `ingress` → `switchyard-ingress`; `OTEL_SERVICE_NAME` wins
 * @param options.env decides on or off, protocol, sampling and batching; the exporter reads endpoint and headers from `process.env`
 */
export async function startTelemetry(options: {
  service: string
  version: string
  env?: NodeJS.ProcessEnv
  warn?: (message: string) => void
}): Promise<Telemetry> {
  const env = options.env ?? process.env
  if (!isTracingOn(env)) return withoutTracing()
  if (options.warn !== undefined) diag.setLogger(quietly(options.warn), DiagLogLevel.WARN)

  const [{ BatchSpanProcessor }, { createExporter }, { describeProcess }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('./exporter.ts'),
    import('./process-resource.ts'),
  ])
  const processor = new BatchSpanProcessor({ exporter: await createExporter(env), ...batchLimits(env) })
  let stopping: Promise<void> | undefined
  return {
    tracer: {
      sample: samplerFromEnvironment(env),
      export: (span) => processor.onEnd(span),
      resource: describeProcess({ service: options.service, version: options.version, instance: randomUUID() }),
    },
    metrics: createMetrics(),
    stop() {
      stopping ??= endWithin(processor.shutdown(), STOP_LIMIT_MS)
      return stopping
    },
  }
}

function isTracingOn(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
}

function batchLimits(env: NodeJS.ProcessEnv): Omit<BatchSpanProcessorOptions, 'exporter'> {
  return {
    maxQueueSize: positive(env.OTEL_BSP_MAX_QUEUE_SIZE, 2048),
    // Half the standard's: encoding one span takes 4 µs, and the event loop serves nobody meanwhile.
    maxExportBatchSize: positive(env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, 256),
    scheduledDelayMillis: positive(env.OTEL_BSP_SCHEDULE_DELAY, 5000),
    exportTimeoutMillis: positive(env.OTEL_BSP_EXPORT_TIMEOUT, 30_000),
  }
}

function positive(text: string | undefined, otherwise: number): number {
  const number = Number(text)
  return number > 0 && Number.isFinite(number) ? number : otherwise
}

/** An exporter that can't reach its collector fails every batch; one line a minute says enough. */
function quietly(warn: (message: string) => void) {
  let lastMs = Number.NEGATIVE_INFINITY
  const say = (message: string): void => {
    if (performance.now() - lastMs < WARN_EVERY_MS) return
    lastMs = performance.now()
    warn(`telemetry: ${scrub(message.slice(0, 500))}`)
  }
  const ignore = (): void => {}
  return { error: say, warn: say, info: ignore, debug: ignore, verbose: ignore }
}

async function endWithin(work: Promise<void>, limitMs: number): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, limitMs)
  await Promise.race([work.catch(() => {}), limit.promise])
  clearTimeout(timer)
}
