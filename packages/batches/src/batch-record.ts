import type { Usage } from '@switchyard/contract/usage'

export const BATCH_STATUSES = [
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
] as const
export type BatchStatus = (typeof BATCH_STATUSES)[number]
export type EndedStatus = 'completed' | 'failed' | 'expired' | 'cancelled'

export function hasEnded(status: BatchStatus): status is EndedStatus {
  return status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled'
}

/** What is known of a batch when it is accepted; written once. */
export interface BatchSpec {
  v: 1
  id: string
  project: string
  /** Id of the API key that created it and pays for its lines, never the key. */
  apiKey: string
  /** Of the project in its lanes, when the batch was created; absent: 1. */
  weight?: number
  endpoint: string
  inputFileId: string
  /** Where the input stands in the blob store. */
  inputBlob: string
  /** As it was given: `24h`. */
  completionWindow: string
  windowMs: number
  metadata: Record<string, string>
  /** How long the output files are kept, in seconds; null: as long as files of a batch are. */
  outputExpiresAfterSeconds: number | null
  createdAtMs: number
}

/** One thing wrong with an input, in OpenAI's shape; `line` counts from 1, as an editor does. */
export interface InputProblem {
  code: string
  message: string
  param: string | null
  line: number | null
}

/** A batch as it stands. Times are epoch milliseconds by Redis' clock. */
export interface BatchRecord {
  spec: BatchSpec
  status: BatchStatus
  paused: boolean
  /** Of the first line. */
  model: string | null
  errors: InputProblem[]
  /** Requests in the input; 0 until it is validated. */
  total: number
  /** Lines that have their row, and those of them whose row is an error. */
  done: number
  failed: number
  /** Lines that are jobs now. */
  running: number
  /** Lines that were taken at least once; all before this one. */
  cursor: number
  /** Number of the current try. */
  try: number
  /** Rows written, 1 to `rows`; those up to `trimmed` stand in segments, the others in Redis, `pendingBytes` of them. */
  rows: number
  trimmed: number
  pendingBytes: number
  usage: Usage
  costNanoUsd: number
  /** What the providers' prompt caches saved, less what writing them cost. */
  cacheSavedNanoUsd: number
  /** Lines whose model has no price; their cost is not in the sum. */
  unpriced: number
  /** Finished lines per second over the last 10 to 20 s, null where nothing is known. */
  ratePerSecond: number | null
  /** What a finalizing batch will be. */
  final: EndedStatus | null
  outputFileId: string | null
  errorFileId: string | null
  expiresAtMs: number
  inProgressAtMs: number | null
  finalizingAtMs: number | null
  completedAtMs: number | null
  failedAtMs: number | null
  expiredAtMs: number | null
  cancellingAtMs: number | null
  cancelledAtMs: number | null
  /** When it was read. */
  nowMs: number
}

type Reply = [nowMs: number, fields: string[], done: number, failed: number, running: number]

/** A record from what `read.lua` gives. */
export function parseBatch([nowMs, flat, done, failed, running]: Reply): BatchRecord {
  const fields = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!)
  const number = (name: string) => Number(fields.get(name) ?? 0)
  const numberOrNull = (name: string) => (fields.get(name) ? Number(fields.get(name)) : null)
  const errors = fields.get('errors')
  const rows = number('n')
  const rateFromMs = numberOrNull('rate_from')
  return {
    spec: JSON.parse(fields.get('spec')!) as BatchSpec,
    status: fields.get('status') as BatchStatus,
    paused: fields.get('paused') === '1',
    model: fields.get('model') || null,
    errors: errors ? (JSON.parse(errors) as InputProblem[]) : [],
    total: number('total'),
    done,
    failed,
    running,
    cursor: number('cursor'),
    try: number('try'),
    rows,
    trimmed: number('trimmed'),
    pendingBytes: number('pending'),
    usage: {
      inputTokens: number('input'),
      cachedInputTokens: number('cached'),
      cacheWriteTokens: number('written'),
      outputTokens: number('output'),
      reasoningTokens: number('reasoning'),
    },
    costNanoUsd: number('cost'),
    cacheSavedNanoUsd: number('saved'),
    unpriced: number('unpriced'),
    ratePerSecond:
      rateFromMs === null || nowMs <= rateFromMs
        ? null
        : ((rows - number('rate_from_n')) * 1000) / Math.max(1_000, nowMs - rateFromMs),
    final: (fields.get('final') as EndedStatus | undefined) ?? null,
    outputFileId: fields.get('output_file') || null,
    errorFileId: fields.get('error_file') || null,
    expiresAtMs: number('expires'),
    inProgressAtMs: numberOrNull('in_progress_at'),
    finalizingAtMs: numberOrNull('finalizing_at'),
    completedAtMs: numberOrNull('completed_at'),
    failedAtMs: numberOrNull('failed_at'),
    expiredAtMs: numberOrNull('expired_at'),
    cancellingAtMs: numberOrNull('cancelling_at'),
    cancelledAtMs: numberOrNull('cancelled_at'),
    nowMs,
  }
}
