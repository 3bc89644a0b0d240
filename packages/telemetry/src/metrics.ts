/** Upper bounds of histogram buckets, seconds. Waits and answers take from milliseconds to an hour. */
const WAITS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600]
const ANSWERS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600]
const QUICK = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** Values of one label, and series of one metric; what comes beyond is counted under `OTHER`. */
export const MOST_VALUES = 200
export const MOST_SERIES = 2_000
export const OTHER = 'other'

/**
 * Every label name of the product. Values are names out of the catalog, out of a closed list of ours, or ids that we made; never what a
 * user wrote. Beyond `MOST_VALUES` the rest is `other`.
 */
export type LabelName =
  | 'breaker_state'
  | 'cause'
  | 'deployment'
  | 'dimension'
  | 'endpoint'
  | 'error_class'
  | 'from'
  | 'kind'
  | 'lane'
  | 'method'
  | 'outcome'
  | 'project'
  | 'provider'
  | 'quantile'
  | 'reason'
  | 'role'
  | 'source'
  | 'state'
  | 'status'
  | 'tier'
  | 'to'

export interface MetricDefinition {
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly LabelName[]
  /** Of a histogram: upper bounds, rising, without infinity. */
  buckets?: readonly number[]
  /** Of a gauge: how the values of several processes become one; `sum` where it does not say. */
  merge?: 'sum' | 'max'
}

/**
 * Every metric of the product, like `attributes.ts` for spans. Units stand in the names, and they are Prometheus' base units: seconds,
 * bytes, US dollars, shares from 0 to 1. A name here is a contract with whoever drew a dashboard: add, never rename.
 *
 * Those of `PROCESS_METRICS` are counted in the processes as things happen; those of `STATE_METRICS` are read by the control service
 * from shared state when somebody asks.
 */
export const PROCESS_METRICS = {
  switchyard_http_requests_total: {
    kind: 'counter',
    help: 'Requests answered by the public listener, by the pattern of the endpoint and the HTTP status.',
    labels: ['method', 'endpoint', 'status'],
  },
  switchyard_http_request_duration_seconds: {
    kind: 'histogram',
    help: 'From the first byte of a request to the last of its answer, streams included.',
    labels: ['method', 'endpoint'],
    buckets: ANSWERS,
  },
  switchyard_requests_shed_total: {
    kind: 'counter',
    help: 'Requests turned away with 429 or 503, by the error code that they were told.',
    labels: ['endpoint', 'reason'],
  },
  switchyard_streams_open: {
    kind: 'gauge',
    help: 'Event streams that clients hold open.',
    labels: [],
  },
  switchyard_jobs_accepted_total: {
    kind: 'counter',
    help: 'Jobs stored and put in their first lane.',
    labels: ['lane', 'tier'],
  },
  switchyard_answers_cached_total: {
    kind: 'counter',
    help: 'Requests answered by the call of another one, by how: `hit` (it had ended), `shared` (it was under way).',
    labels: ['kind'],
  },
  switchyard_jobs_ended_total: {
    kind: 'counter',
    help: 'Jobs that reached their end, by the lane they ended in and their status.',
    labels: ['lane', 'status'],
  },
  switchyard_job_duration_seconds: {
    kind: 'histogram',
    help: 'From acceptance of a job to its end: all waits, attempts and fallbacks.',
    labels: ['lane', 'status'],
    buckets: WAITS,
  },
  switchyard_jobs_running: {
    kind: 'gauge',
    help: 'Jobs that workers hold.',
    labels: ['role'],
  },
  switchyard_queue_wait_seconds: {
    kind: 'histogram',
    help: 'From acceptance (or the end of the attempt before) to the claim by a worker.',
    labels: ['lane'],
    buckets: WAITS,
  },
  switchyard_quota_wait_seconds: {
    kind: 'histogram',
    help: 'How long jobs that had to wait for quota did, by how: `held` in the worker, `deferred` to a booked slot, `gate`: the whole lane was closed.',
    labels: ['lane', 'kind'],
    buckets: WAITS,
  },
  switchyard_time_to_first_token_seconds: {
    kind: 'histogram',
    help: 'From acceptance of a job to the first content of its answer.',
    labels: ['lane', 'deployment'],
    buckets: ANSWERS,
  },
  switchyard_attempts_total: {
    kind: 'counter',
    help: 'Calls upstream that have ended. `error_class` is `none` for one that completed.',
    labels: ['provider', 'deployment', 'status', 'error_class'],
  },
  switchyard_attempt_duration_seconds: {
    kind: 'histogram',
    help: 'From the beginning of a call upstream to its end.',
    labels: ['provider', 'deployment'],
    buckets: ANSWERS,
  },
  switchyard_tokens_total: {
    kind: 'counter',
    help: 'Tokens of calls upstream, each counted in one kind: `input` (not cached), `cache_read`, `cache_write`, `output` (shown), `reasoning`.',
    labels: ['provider', 'deployment', 'kind'],
  },
  switchyard_project_tokens_total: {
    kind: 'counter',
    help: 'Tokens of calls upstream by the project that pays, input and output; the share of each in the sum is its share of the fleet.',
    labels: ['project'],
  },
  switchyard_cost_usd_total: {
    kind: 'counter',
    help: 'Cost of calls upstream at the prices of the catalog, US dollars.',
    labels: ['provider', 'deployment'],
  },
  switchyard_retries_total: {
    kind: 'counter',
    help: 'Attempts made again in the same hop after one that failed, by what it failed of.',
    labels: ['lane', 'error_class'],
  },
  switchyard_breaker_changes_total: {
    kind: 'counter',
    help: 'Breakers that opened, opened again after a failed probe, or closed (`to`), by why they opened; `deployment` is empty where the credential of the provider is meant.',
    labels: ['provider', 'deployment', 'to', 'cause'],
  },
  switchyard_fallbacks_total: {
    kind: 'counter',
    help: 'Jobs moved to the next hop of their route, from lane to lane, by what the attempt before failed of.',
    labels: ['from', 'to', 'error_class'],
  },
  switchyard_deferrals_total: {
    kind: 'counter',
    help: 'Jobs put off to a booked slot of capacity.',
    labels: ['lane'],
  },
  switchyard_hedges_total: {
    kind: 'counter',
    help: 'Second attempts started because the first showed no token in time, by who answered: `won`, `lost`, or `failed`, both did.',
    labels: ['deployment', 'outcome'],
  },
  switchyard_streams_cut_total: {
    kind: 'counter',
    help: 'Streams stopped at the cost cap of their request.',
    labels: ['lane'],
  },
  switchyard_log_flush_seconds: {
    kind: 'histogram',
    help: 'From taking the pending events of all streams of a worker to the acknowledgement by Redis.',
    labels: [],
    buckets: QUICK,
  },
  switchyard_log_rows_total: {
    kind: 'counter',
    help: 'Rows sent to event logs; a row carries what one stream had pending.',
    labels: [],
  },
  switchyard_webhook_tries_total: {
    kind: 'counter',
    help: 'Tries of webhooks, by what they came to.',
    labels: ['outcome'],
  },
  switchyard_webhook_try_seconds: {
    kind: 'histogram',
    help: 'From the beginning of a try to the answer of the receiver, or to giving it up.',
    labels: [],
    buckets: ANSWERS,
  },
  switchyard_batch_lines_total: {
    kind: 'counter',
    help: 'Lines of batches that have ended, by their status.',
    labels: ['status'],
  },
  switchyard_process_cpu_seconds_total: {
    kind: 'counter',
    help: 'Processor time, user and system, by the role of the process.',
    labels: ['role'],
  },
  switchyard_process_resident_bytes: {
    kind: 'gauge',
    help: 'Resident memory, all processes of a role together.',
    labels: ['role'],
  },
  switchyard_event_loop_busy_ratio: {
    kind: 'gauge',
    help: 'Share of the last seconds in which the event loop was busy, of the busiest process of a role.',
    labels: ['role'],
    merge: 'max',
  },
} as const satisfies Record<string, MetricDefinition>

const STATE_METRICS = {
  switchyard_fleet_members: {
    kind: 'gauge',
    help: 'Processes that have published their numbers lately, by role.',
    labels: ['role'],
  },
  switchyard_limit: {
    kind: 'gauge',
    help: 'Limit of a deployment that holds now: what the catalog says, or less where the provider taught us so.',
    labels: ['deployment', 'dimension'],
  },
  switchyard_limit_remaining: {
    kind: 'gauge',
    help: 'What is left of a limit in the window that ends now; booked slots are not taken off.',
    labels: ['deployment', 'dimension'],
  },
  switchyard_calls_in_flight: {
    kind: 'gauge',
    help: 'Calls of a deployment under way, by the leases of its limiter.',
    labels: ['deployment'],
  },
  switchyard_slots_booked: {
    kind: 'gauge',
    help: 'Slots of capacity booked by jobs that wait for their quota.',
    labels: ['deployment'],
  },
  switchyard_limited_until_timestamp_seconds: {
    kind: 'gauge',
    help: 'Moment before which the provider wants no call; 0 where there is none.',
    labels: ['deployment'],
  },
  switchyard_breaker_state: {
    kind: 'gauge',
    help: '1 for the state that the breaker of a deployment is in, 0 for the others.',
    labels: ['deployment', 'breaker_state'],
  },
  switchyard_breaker_open: {
    kind: 'gauge',
    help: '1 where a breaker is not closed, with why.',
    labels: ['deployment', 'cause'],
  },
  switchyard_breaker_reopens_timestamp_seconds: {
    kind: 'gauge',
    help: 'Moment at which an open breaker lets one job through again; 0 where it is closed.',
    labels: ['deployment'],
  },
  switchyard_deployment_error_ratio: {
    kind: 'gauge',
    help: 'Share of the latest calls that failed by the fault of the deployment; absent where there were too few.',
    labels: ['deployment'],
  },
  switchyard_deployment_first_token_seconds: {
    kind: 'gauge',
    help: 'Time from the beginning of a call to its first token, of the latest calls; absent where there were too few.',
    labels: ['deployment', 'quantile'],
  },
  switchyard_lane_jobs: {
    kind: 'gauge',
    help: 'Deliveries in a lane: `waiting`, `delayed` (to a moment to come), `active`.',
    labels: ['lane', 'state'],
  },
  switchyard_lane_oldest_wait_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest job among the next hundred of a lane and the next hundred put off; 0 where none waits.',
    labels: ['lane'],
  },
  switchyard_project_waiting_tokens: {
    kind: 'gauge',
    help: 'Estimated tokens ÷ weight that a project has waiting in a lane, of the ten that have most; the rest is `other`.',
    labels: ['lane', 'project'],
  },
  switchyard_seconds_of_backlog_at_quota: {
    kind: 'gauge',
    help: 'How long the jobs that wait in a lane take at the full quota of its deployments, at the mean tokens of a call; absent where they have no such limit.',
    labels: ['lane'],
  },
  switchyard_redis_memory_used_bytes: {
    kind: 'gauge',
    help: 'Memory that Redis uses, all masters of a cluster together.',
    labels: [],
  },
  switchyard_redis_memory_limit_bytes: {
    kind: 'gauge',
    help: 'maxmemory of Redis, all masters together; 0 where none is set.',
    labels: [],
  },
  switchyard_redis_memory_fullest_ratio: {
    kind: 'gauge',
    help: 'Used share of maxmemory on the fullest node; ingress sheds from 0.8 on.',
    labels: [],
  },
  switchyard_source_up: {
    kind: 'gauge',
    help: '1 where a source of this page answered in time, 0 where its metrics are missing from it.',
    labels: ['source'],
  },
} as const satisfies Record<string, MetricDefinition>

export const METRICS = { ...PROCESS_METRICS, ...STATE_METRICS }

type ProcessMetrics = typeof PROCESS_METRICS
export type MetricName = keyof typeof METRICS

type NamesOf<Kind> = {
  [Name in keyof ProcessMetrics]: ProcessMetrics[Name]['kind'] extends Kind ? Name : never
}[keyof ProcessMetrics]

export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>

/** The labels of a metric, all of them: `{ lane: 'frontier.openai', status: 'completed' }`. */
export type Labels<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>
