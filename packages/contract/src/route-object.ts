import { z } from 'zod'
import { type ExpectedCall, ROUTE_POLICIES, type Route } from './job.ts'
import { usdNumber } from './usd.ts'

export const expectedCall = z.object({
  wait_ms: z.number().describe('In the lane, before it starts'),
  ttft_ms: z.number().nullable().describe('From its start to the first token; null: not known'),
  total_ms: z.number(),
  cost_usd: z.number().nullable().describe('null: unpriced'),
})

/** How a job was, or would be, routed. */
export const routeObject = z.object({
  policy: z.enum(ROUTE_POLICIES),
  task: z.string().nullable(),
  hops: z
    .array(
      z.object({
        lane: z.string(),
        deployments: z.array(z.object({ deployment: z.string(), dropped: z.array(z.string()) })),
      }),
    )
    .describe('What is tried, in this order'),
  reasons: z
    .array(
      z.object({
        deployment: z.string(),
        included: z.boolean(),
        reason: z.string(),
        score: z.number().nullable().describe('By the policy, 0 to 1; null: it was not ranked'),
        expected: expectedCall.nullable().describe('null: not worked out'),
      }),
    )
    .describe('Every candidate, by rank where the policy ranked them'),
})
export type RouteObject = z.infer<typeof routeObject>

export function toRouteObject({ policy, hops, reasons }: Route, task: string | null): RouteObject {
  return {
    policy,
    task,
    hops: hops.map(({ lane, deployments }) => ({
      lane,
      deployments: deployments.map(({ id, drop }) => ({ deployment: id, dropped: drop })),
    })),
    reasons: reasons.map(({ deployment, included, reason, score, expected }) => ({
      deployment,
      included,
      reason,
      score: score ?? null,
      expected: expected === undefined ? null : toExpectedCall(expected),
    })),
  }
}

function toExpectedCall({
  waitMs,
  ttftMs,
  totalMs,
  costNanoUsd,
}: ExpectedCall): RouteObject['reasons'][number]['expected'] {
  return {
    wait_ms: waitMs,
    ttft_ms: ttftMs,
    total_ms: totalMs,
    cost_usd: costNanoUsd === null ? null : usdNumber(costNanoUsd),
  }
}
