import type { AnswerBound, RoutePolicy, Tier, Unsupported } from '@switchyard/contract/job'
import type { Needs } from './needs.ts'

/** A request to be planned. */
export interface PlanInput {
  /** The name that the client sent. */
  model: string
  needs: Needs
  stream: boolean
  /** Of the answer, all choices together. */
  expectedOutputTokens: number
  /** Input tokens that a deployment is expected to have in its cache; absent: none. */
  cachedTokensAt?: (deployment: string) => number
  nowMs: number
  deadlineMs: number | null
  /** It may wait for a breaker to close: nobody waits on the connection. */
  patient: boolean
  options: {
    unsupported: Unsupported | null
    /** Deployment or provider names. */
    allow?: readonly string[] | undefined
    deny?: readonly string[] | undefined
    tier: Tier
    task?: string | undefined
    /** Instead of the model's own policy. */
    strategy?: RoutePolicy | undefined
    maxCostNanoUsd?: number | undefined
    maxTtftMs?: number | undefined
  }
  /** 0 ≤ random < 1: who leads among equals. */
  random: () => number
  /** Expectations are wanted of every candidate, whatever the policy. */
  explain?: boolean
}

export function answerBoundOf(needs: Needs): AnswerBound {
  return { tokens: needs.maxOutputTokens, choices: needs.choices }
}
