import type { SpanAttributes } from './attributes.ts'
import { RecordedSpan, type SpanKindName } from './recorded-span.ts'
import { randomHex } from './span-ids.ts'
import type { Telemetry } from './start-telemetry.ts'
import { formatTraceparent, readTraceparent, type TraceContext } from './traceparent.ts'

/** One span as its caller holds it. Every method may be called at any time, also after `end`; nothing here throws. */
export interface SpanHandle {
  /** To hand on (into the job, to a child span): this span's own, or the parent's where nothing is recorded. */
  readonly traceparent: string | undefined
  /** For log lines; undefined where there is no trace at all. */
  readonly traceId: string | undefined
  /** False: whatever is costly to compute for attributes can be left out. */
  readonly recording: boolean
  set(attributes: SpanAttributes): void
  /** Marks the span as failed. `errorType` is a code of ours or an error class; the message is scrubbed and cut. */
  fail(errorType: string, message?: string): void
  /** Ends and exports it; a second call does nothing. `atMs` is epoch milliseconds, now by default. */
  end(atMs?: number): void
}

export interface SpanOptions {
  /** The traceparent to go under; without one a new trace begins. */
  parent?: string | undefined
  kind?: SpanKindName
  attributes?: SpanAttributes
  /** Epoch milliseconds, for what began before anybody could write a span (a wait in the queue). */
  startTimeMs?: number
  /** Traceparents of other traces that this one has to do with: a client's own trace, the attempt before a retry. */
  links?: readonly (string | undefined)[]
}

/**
 * Begins a span. With telemetry off, or in a trace that is not sampled, this is a handle that only carries the
 * traceparent on: decided before anything is allocated for recording.
 */
export function startSpan(telemetry: Telemetry, name: string, options: SpanOptions = {}): SpanHandle {
  const { tracer } = telemetry
  if (tracer === null) return options.parent === undefined ? NO_TRACE : new ForwardedSpan(options.parent)
  const parent = options.parent === undefined ? undefined : readTraceparent(options.parent)
  const traceId = parent?.traceId ?? randomHex(16)
  if (!tracer.sample(traceId, parent)) {
    // An unsampled root still gets an identity, so that no process below it decides anew.
    return new ForwardedSpan(
      parent === undefined || parent.sampled
        ? formatTraceparent({ traceId, spanId: parent?.spanId ?? randomHex(8), sampled: false })
        : options.parent,
    )
  }
  const context: TraceContext = { traceId, spanId: randomHex(8), sampled: true }
  const span = new RecordedSpan({
    name,
    kind: options.kind ?? 'internal',
    context,
    parent,
    links: options.links === undefined ? undefined : readLinks(options.links),
    startMs: options.startTimeMs,
    resource: tracer.resource,
  })
  if (options.attributes !== undefined) span.set(options.attributes)
  return new LiveSpan(span, context, tracer.export)
}

function readLinks(links: readonly (string | undefined)[]): TraceContext[] {
  return links.flatMap((link) => (link === undefined ? [] : (readTraceparent(link) ?? [])))
}

class LiveSpan implements SpanHandle {
  readonly recording = true
  readonly #span: RecordedSpan
  readonly #context: TraceContext
  readonly #export: (span: RecordedSpan) => void

  constructor(span: RecordedSpan, context: TraceContext, exportSpan: (span: RecordedSpan) => void) {
    this.#span = span
    this.#context = context
    this.#export = exportSpan
  }

  get traceparent(): string {
    return formatTraceparent(this.#context)
  }

  get traceId(): string {
    return this.#context.traceId
  }

  set(attributes: SpanAttributes): void {
    if (!this.#span.ended) this.#span.set(attributes)
  }

  fail(errorType: string, message?: string): void {
    if (!this.#span.ended) this.#span.fail(errorType, message)
  }

  end(atMs?: number): void {
    if (this.#span.ended) return
    this.#span.end(atMs)
    this.#export(this.#span)
  }
}

class ForwardedSpan implements SpanHandle {
  readonly recording = false
  readonly traceparent: string | undefined

  constructor(traceparent: string | undefined) {
    this.traceparent = traceparent
  }

  get traceId(): string | undefined {
    return this.traceparent?.slice(3, 35)
  }

  set(): void {}
  fail(): void {}
  end(): void {}
}

const NO_TRACE: SpanHandle = new ForwardedSpan(undefined)
