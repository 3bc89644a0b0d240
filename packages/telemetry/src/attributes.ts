/** Every span name of the product. A job's trace reads from top to bottom in this order. */
export const SPAN = {
  /** Ingress, the whole request: `POST /v1/chat/completions`. `route` is the pattern, never the path with its ids. */
  request: (method: string, route: string) => `${method} ${route}`,
  /** Ingress: parse, authenticate, admit, plan. */
  admission: 'admission',
  /** Ingress: record and lane. */
  enqueue: 'enqueue',
  /** Worker: from enqueue (or the last release) to the claim. */
  queueWait: 'queue wait',
  /** Worker: for capacity at the provider, held in the worker or put off to a later moment. */
  quotaWait: 'quota wait',
  /** Worker: one attempt, one call upstream (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). */
  attempt: (model: string) => `chat ${model}`,
  /** Ingress: from attaching to the event log until the client has the last byte. */
  deliver: 'deliver',
  /** Background: one try of one webhook, under the trace of the job that it tells of. */
  webhook: 'webhook',
} as const

/**
 * Every attribute key of the product. Keys that a semantic convention knows are the convention's; what only a broker has
 * is under `switchyard.`. None of them ever holds a prompt, an output, a key or a header.
 */
export const ATTR = {
  errorType: 'error.type',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  serverAddress: 'server.address',

  genAiOperation: 'gen_ai.operation.name',
  genAiProvider: 'gen_ai.provider.name',
  genAiRequestModel: 'gen_ai.request.model',
  genAiRequestStream: 'gen_ai.request.stream',
  genAiResponseModel: 'gen_ai.response.model',
  genAiResponseId: 'gen_ai.response.id',
  genAiFinishReasons: 'gen_ai.response.finish_reasons',
  /** Seconds, as the convention has it. */
  genAiTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  genAiInputTokens: 'gen_ai.usage.input_tokens',
  genAiOutputTokens: 'gen_ai.usage.output_tokens',
  genAiCacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  genAiCacheCreationTokens: 'gen_ai.usage.cache_creation.input_tokens',
  genAiReasoningTokens: 'gen_ai.usage.reasoning.output_tokens',

  jobId: 'switchyard.job.id',
  jobStatus: 'switchyard.job.status',
  project: 'switchyard.project',
  /** The model name that the client sent. */
  model: 'switchyard.model',
  lane: 'switchyard.lane',
  hop: 'switchyard.hop',
  delivery: 'switchyard.delivery',
  attempt: 'switchyard.attempt',
  /** How a job waits for quota: `held` in the worker, `deferred` to a later moment, `gate`: its whole lane is closed. */
  waitKind: 'switchyard.wait.kind',
  deployment: 'switchyard.deployment',
  simulated: 'switchyard.simulated',
  dropped: 'switchyard.dropped',
  outcome: 'switchyard.outcome',
  costNanoUsd: 'switchyard.cost_nano_usd',
  /** How the client is answered: `wait`, `stream`, `poll`. */
  deliveryMode: 'switchyard.delivery.mode',
  events: 'switchyard.delivery.events',
  bytes: 'switchyard.delivery.bytes',
  /** The endpoint's id, or `default`; never its URL. */
  webhookEndpoint: 'switchyard.webhook.endpoint',
  webhookEvent: 'switchyard.webhook.event',
  webhookTry: 'switchyard.webhook.try',
} as const

type AttributeKey = (typeof ATTR)[keyof typeof ATTR]
export type AttributeValue = string | number | boolean | string[]

/** What a span may carry: only keys of the table above; undefined values are left out. */
export type SpanAttributes = { [Key in AttributeKey]?: AttributeValue | undefined }
