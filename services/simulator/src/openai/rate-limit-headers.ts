import type { Admission } from '../limits/admission.ts'

/** https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers */
export function rateLimitHeaders({ requests, tokens }: Admission): string[] {
  return [
    'x-ratelimit-limit-requests',
    String(requests.limit),
    'x-ratelimit-limit-tokens',
    String(tokens.limit),
    'x-ratelimit-remaining-requests',
    String(requests.remaining),
    'x-ratelimit-remaining-tokens',
    String(tokens.remaining),
    'x-ratelimit-reset-requests',
    formatReset(requests.resetMs),
    'x-ratelimit-reset-tokens',
    formatReset(tokens.resetMs),
  ]
}

/** OpenAI's durations: `12ms`, `8.64s`, `6m0s`. */
export function formatReset(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 10) / 100
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${Math.round(seconds % 60)}s`
}
