import type { Admission } from '../limits/admission.ts'

/**
 * https://platform.claude.com/docs/en/api/rate-limits#response-headers. The simulator has one limit for tokens, so the input
 * and output headers both tell that one.
 */
export function anthropicRateLimitHeaders({ requests, tokens }: Admission): string[] {
  const nowMs = Date.now()
  const requestsReset = new Date(nowMs + requests.resetMs).toISOString()
  const tokensReset = new Date(nowMs + tokens.resetMs).toISOString()
  const limit = String(tokens.limit)
  const remaining = String(tokens.remaining)
  return [
    'anthropic-ratelimit-requests-limit',
    String(requests.limit),
    'anthropic-ratelimit-requests-remaining',
    String(requests.remaining),
    'anthropic-ratelimit-requests-reset',
    requestsReset,
    'anthropic-ratelimit-tokens-limit',
    limit,
    'anthropic-ratelimit-tokens-remaining',
    remaining,
    'anthropic-ratelimit-tokens-reset',
    tokensReset,
    'anthropic-ratelimit-input-tokens-limit',
    limit,
    'anthropic-ratelimit-input-tokens-remaining',
    remaining,
    'anthropic-ratelimit-input-tokens-reset',
    tokensReset,
    'anthropic-ratelimit-output-tokens-limit',
    limit,
    'anthropic-ratelimit-output-tokens-remaining',
    remaining,
    'anthropic-ratelimit-output-tokens-reset',
    tokensReset,
  ]
}
