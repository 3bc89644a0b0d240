/**
 * What a queued job waits for. A limit of the provider that is used up; `provider`: it is unwell, or asked for time; `lane`: those before
 * it in its lane, whose slots are all taken.
 */
export const WAITS = [
  'requests_per_minute',
  'tokens_per_minute',
  'input_tokens_per_minute',
  'output_tokens_per_minute',
  'requests_per_day',
  'in_flight',
  'provider',
  'lane',
] as const
export type WaitsFor = (typeof WAITS)[number]
