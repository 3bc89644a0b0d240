import { BrokerError } from '@switchyard/contract/broker-error'
import type { Route } from '@switchyard/contract/job'
import { inResponsesWords, responsesName } from '@switchyard/contract/openai-responses/parameter-names'

/** Planning speaks of chat parameters; clients of responses are told in their own words. */
export function inResponsesTerms(error: BrokerError): BrokerError {
  const { code, message, param, retryAfterMs } = error
  return new BrokerError(code, inResponsesWords(message), {
    ...(param === null ? {} : { param: responsesName(param) }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** A route whose dropped parameters are named as their client named them. */
export function routeInResponsesTerms(route: Route): Route {
  return {
    ...route,
    hops: route.hops.map((hop) => ({
      ...hop,
      deployments: hop.deployments.map(({ id, drop }) => ({ id, drop: drop.map((name) => responsesName(name)) })),
    })),
  }
}
