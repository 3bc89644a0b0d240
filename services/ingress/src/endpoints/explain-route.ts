import { jobTerms } from '@switchyard/broker/chat/job-terms'
import { expectedOutputTokens, planIntake } from '@switchyard/broker/chat/plan-intake'
import { planCaching } from '@switchyard/broker/prompt-cache/prompt-caching'
import { expectedCall, routeObject, toRouteObject } from '@switchyard/contract/route-object'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { readPrefer } from '../prefer.ts'
import { readWithHistory } from '../responses/read-with-history.ts'

/** What a request would be routed to. */
export const explainedRoute = z.object({
  object: z.literal('route'),
  endpoint: z.string().describe('Whose body it is'),
  model: z.string(),
  deployment: z.string().describe('What would be tried first'),
  lane: z.string(),
  expected: expectedCall,
  estimate: z.object({ input_tokens: z.int(), output_tokens: z.int() }).describe('What that is worked out from'),
  ...routeObject.shape,
})

/**
 * `POST /v1/route`: plans the body of a chat completion or a response as its endpoint would and says why, without running it. What that
 * endpoint would refuse is refused here with the same error. Where several are as good as equal, the next request may lead elsewhere.
 */
export async function explainRoute(ingress: Ingress, request: FastifyRequest): Promise<z.infer<typeof explainedRoute>> {
  const preference = readPrefer(request.headers.prefer)
  const given = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const principal = principalOf(request)
  const { intake } = await readWithHistory(ingress, principal, given, 'either')
  const fleet = ingress.fleet()
  const { cachedTokensAt } = planCaching(fleet, principal.project, intake)
  const terms = jobTerms(intake, preference.kind === 'none')
  const route = planIntake(fleet, principal.project, intake, terms, { explain: true, cachedTokensAt })
  const explained = toRouteObject(route, intake.options.task ?? null)
  const [{ lane, deployments }] = explained.hops as [(typeof explained.hops)[number]]
  const { deployment } = deployments[0]!
  return {
    object: 'route',
    endpoint: intake.response ? '/v1/responses' : '/v1/chat/completions',
    model: intake.model,
    deployment,
    lane,
    expected: explained.reasons.find((reason) => reason.deployment === deployment)!.expected!,
    estimate: {
      input_tokens: intake.needs.inputTokens,
      output_tokens: expectedOutputTokens(fleet, principal.project, intake),
    },
    ...explained,
  }
}
