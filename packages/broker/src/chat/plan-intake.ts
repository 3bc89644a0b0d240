import type { Catalog } from '@switchyard/catalog/catalog'
import type { FleetView } from '@switchyard/catalog/fleet-view'
import type { PlanInput } from '@switchyard/catalog/plan-input'
import { planRoute } from '@switchyard/catalog/plan-route'
import type { Route } from '@switchyard/contract/job'
import { nanoUsd } from '@switchyard/contract/usd'
import type { PromptCaching } from '../prompt-cache/prompt-caching.ts'
import { inResponsesTerms, routeInResponsesTerms } from '../responses/responses-terms.ts'
import type { JobTerms } from './job-terms.ts'
import type { ChatIntake } from './read-chat-request.ts'

/** Booked for an answer whose length nobody bounded, and expected of one whose bound is further. */
export const ASSUMED_OUTPUT_TOKENS = 1_024

/** What a route is planned over: the catalog, and what is known of the fleet. */
export type Fleet = FleetView & {
  catalog: Catalog
  /** How long a project's answers of a model mostly are, tokens; undefined: not known. */
  typicalOutput?(project: string, model: string): number | undefined
  /** Where prompts that begin as others do are marked and sent; absent: nowhere in particular. */
  caching?: PromptCaching
}

/** The route of a project's request, in the words of its client. Throws the error that its sender is to see. */
export function planIntake(
  fleet: Fleet,
  project: string,
  intake: ChatIntake,
  { nowMs, tier, deadlineMs, isInteractive }: JobTerms,
  { explain = false, cachedTokensAt }: { explain?: boolean; cachedTokensAt?: PlanInput['cachedTokensAt'] } = {},
): Route {
  const { needs, options, response } = intake
  const planned = planRoute(fleet.catalog, fleet, {
    model: intake.model,
    needs,
    stream: intake.stream,
    expectedOutputTokens: expectedOutputTokens(fleet, project, intake),
    options: {
      unsupported: options.unsupported ?? null,
      allow: options.allow,
      deny: options.deny,
      tier,
      task: options.task,
      strategy: options.strategy,
      maxCostNanoUsd: options.max_cost_usd === undefined ? undefined : nanoUsd(options.max_cost_usd),
      maxTtftMs: options.max_ttft_ms,
    },
    nowMs,
    deadlineMs,
    patient: !isInteractive,
    random: Math.random,
    explain,
    ...(cachedTokensAt && { cachedTokensAt }),
  })
  if ('error' in planned) throw response ? inResponsesTerms(planned.error) : planned.error
  return response ? routeInResponsesTerms(planned.route) : planned.route
}

/** Of the answer, all choices together: what most of this project's answers of the model do not exceed, and no longer than asked for. */
export function expectedOutputTokens(fleet: Fleet, project: string, { model, needs }: ChatIntake): number {
  const usual = fleet.typicalOutput?.(project, model) ?? ASSUMED_OUTPUT_TOKENS
  return Math.min(needs.maxOutputTokens ?? usual, usual) * needs.choices
}
