import type { Deployment, Limits } from '@switchyard/catalog/catalog'
import type { MetricsSnapshot } from '@switchyard/telemetry/metric-registry'

/** Tokens of a call, in the mean; null where none has been made. */
export interface MeanTokens {
  input: number
  output: number
}

const OUTPUT_KINDS = new Set(['output', 'reasoning'])

/** What calls of these deployments used in the mean, by the fleet's own count. */
export function meanTokens(counted: MetricsSnapshot, deployments: readonly Deployment[]): MeanTokens | null {
  const names = new Set(deployments.map(({ name }) => name))
  const sum = (metric: string, matches: (labels: string[]) => boolean) =>
    (counted[metric] ?? []).reduce(
      // Labels: provider, deployment, and the kind of token.
      (total, [labels, value]) => (names.has(labels[1]!) && matches(labels) ? total + (value as number) : total),
      0,
    )
  const calls = sum('switchyard_attempts_total', () => true)
  if (calls === 0) return null
  return {
    input: sum('switchyard_tokens_total', (labels) => !OUTPUT_KINDS.has(labels[2]!)) / calls,
    output: sum('switchyard_tokens_total', (labels) => OUTPUT_KINDS.has(labels[2]!)) / calls,
  }
}

/** What a job takes of a limit. */
type Demand = [dimension: keyof Limits, amount: number, windowSeconds: number]

/**
 * How long `jobs` take at the full quota of the deployments that may run them, in seconds: by the dimension that takes longest, of those
 * that every deployment limits. null where nothing limits them, or only tokens do and nobody knows how many a call takes.
 */
export function secondsOfBacklog(jobs: number, mean: MeanTokens | null, limits: readonly Limits[]): number | null {
  const requests: Demand[] = [
    ['rpm', 1, 60],
    ['rpd', 1, 86_400],
  ]
  const tokens: Demand[] =
    mean === null
      ? []
      : [
          ['tpm', mean.input + mean.output, 60],
          ['itpm', mean.input, 60],
          ['otpm', mean.output, 60],
        ]
  let longest: number | null = null
  for (const [dimension, amount, windowSeconds] of [...requests, ...tokens]) {
    const quotas = limits.map((limit) => limit[dimension])
    if (quotas.length === 0 || quotas.includes(undefined)) continue
    const perSecond = quotas.reduce<number>((sum, quota) => sum + quota!, 0) / windowSeconds
    longest = Math.max(longest ?? 0, (jobs * amount) / perSecond)
  }
  return longest
}
