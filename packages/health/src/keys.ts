/** What the fleet knows of health is in one slot, and its channel with it. Tests give a prefix, with a hash tag, of their own. */
const HEALTH_PREFIX = 'sy:{health}'

/** In the order in which the scripts name them. */
export function healthKeys(prefix: string = HEALTH_PREFIX): [breakers: string, seen: string, channel: string] {
  return [
    /** Hash: scope → breaker, JSON. */
    `${prefix}:breakers`,
    /** Hash: deployment → sketch of its calls, JSON. */
    `${prefix}:seen`,
    /** Sharded channel: a breaker that changed, JSON. */
    prefix,
  ]
}

/** For tests: keys of their own, and what time it is; otherwise Redis' clock, which all machines share. */
export interface HealthPlace {
  prefix?: string
  nowMs?: number
}

/** Text, expires: somebody has probed the deployment, or is about to. */
export function proberKey(deployment: string, prefix: string = HEALTH_PREFIX): string {
  return `${prefix}:prober:${deployment}`
}
