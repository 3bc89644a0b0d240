import type { AnswerBound } from '@switchyard/contract/job'
import { NO_USAGE } from '@switchyard/contract/usage'
import type { Deployment } from './catalog.ts'
import { priceUsage } from './price.ts'

/** A real prompt has up to this many times the tokens that were estimated: text in base64 (`estimate-tokens.ts`). */
const WORST_INPUT = 1.6

/** A call whose cost is bounded from above. */
export interface CappedCall {
  /** Estimated. */
  inputTokens: number
  answerBound: AnswerBound
}

export type CapVerdict =
  /** It can't cost more than what is left. */
  | { fits: 'surely'; worstNanoUsd: number }
  /** It is stopped where it would: its deployment streams, whoever it is for. */
  | { fits: 'if_stopped' }
  /** `worstNanoUsd` null: nothing bounds what it costs, or nothing says. */
  | { fits: 'no'; worstNanoUsd: number | null }

/** Whether a call of a deployment keeps within what is left of its job's cost cap, in nano-dollars. Counted from above: a cap is a promise. */
export function withinCap(deployment: Deployment, call: CappedCall, leftNanoUsd: number, atMs: number): CapVerdict {
  const inputTokens = Math.ceil(call.inputTokens * WORST_INPUT)
  const prompt = worst(deployment, inputTokens, 0, atMs)
  if (prompt === null) return { fits: 'no', worstNanoUsd: null }

  const { choices, tokens } = call.answerBound
  const outputTokens = tokens ?? deployment.maxOutput
  const whole = outputTokens === null ? null : worst(deployment, inputTokens, outputTokens * choices, atMs)
  if (whole !== null && whole <= leftNanoUsd) return { fits: 'surely', worstNanoUsd: whole }
  if (deployment.streams) return prompt < leftNanoUsd ? { fits: 'if_stopped' } : { fits: 'no', worstNanoUsd: prompt }
  return { fits: 'no', worstNanoUsd: whole }
}

/** Writing the whole prompt to the cache costs more than reading it at some providers. */
function worst(deployment: Deployment, inputTokens: number, outputTokens: number, atMs: number): number | null {
  const plain = priceUsage(deployment, { ...NO_USAGE, inputTokens, outputTokens }, atMs)
  const written = priceUsage(
    deployment,
    { ...NO_USAGE, inputTokens, outputTokens, cacheWriteTokens: inputTokens },
    atMs,
  )
  return 'unpriced' in plain || 'unpriced' in written ? null : Math.max(plain.costNanoUsd, written.costNanoUsd)
}
