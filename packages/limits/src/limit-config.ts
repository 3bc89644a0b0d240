/**
 * What a provider imposes on one deployment, in positive whole numbers; what is not given is unlimited.
 * Per minute: requests, tokens, input tokens, output tokens; per day: requests; at once: calls.
 */
export interface DeploymentLimits {
  rpm?: number
  tpm?: number
  itpm?: number
  otpm?: number
  rpd?: number
  inFlight?: number
}

/** Without any limit there is nothing to reserve: callers skip the call. */
export function hasLimits(limits: DeploymentLimits): boolean {
  const { rpm, tpm, itpm, otpm, rpd, inFlight } = limits
  return [rpm, tpm, itpm, otpm, rpd, inFlight].some((limit) => limit !== undefined)
}
