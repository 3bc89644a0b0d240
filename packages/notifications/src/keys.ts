/** All of a project's events, endpoints and deliveries are in its slot; scripts make the names of queues and deliveries from `prefix`. */
export interface ProjectKeys {
  prefix: string
  /** Stream: the feed, one entry for each event. */
  events: string
  /** Sets of effect ids that became events: the younger and the older half of what is remembered. */
  seen: string
  seenBefore: string
  /** Hash: endpoint id → record, JSON. */
  endpoints: string
  /** Hash: id of an enabled endpoint → the types that it wants, each between spaces. */
  types: string
  /** Hash: id of a disabled endpoint → why. */
  disabled: string
  /** String: the project's default secret, JSON; for URLs that jobs bring. */
  defaults: string
  /** Sorted set: queue → when to look at it, epoch ms. A queue is an endpoint, a job's own URL, or an endpoint's tests. */
  queues: string
  /** Sharded channel: there are new events. */
  feedChannel: string
  /** Sharded channel: the id of a test delivery that has ended. */
  testChannel: string
}

export function projectKeys(project: string): ProjectKeys {
  const prefix = `sy:{${project}}:`
  return {
    prefix,
    events: `${prefix}events`,
    seen: `${prefix}events:seen`,
    seenBefore: `${prefix}events:seen-before`,
    endpoints: `${prefix}wh:endpoints`,
    types: `${prefix}wh:types`,
    disabled: `${prefix}wh:disabled`,
    defaults: `${prefix}wh:defaults`,
    queues: `${prefix}wh:queues`,
    feedChannel: `${prefix}events`,
    testChannel: `${prefix}wh:tests`,
  }
}

/** Hash: one delivery. As in `lua/prelude.lua`. */
export function deliveryKey(project: string, id: string): string {
  return `sy:{${project}}:wh:d:${id}`
}

/** Sorted set: deliveries of an owner (an endpoint, or `default`) by creation; all of them, or those of one status. */
export function logKey(project: string, owner: string, status?: string): string {
  return `sy:{${project}}:wh:log:${owner}${status === undefined ? '' : `:${status}`}`
}

/** Sorted set: deliveries of a queue by when they are due. */
export function dueKey(project: string, queue: string): string {
  return `sy:{${project}}:wh:due:${queue}`
}

/** Hash: project with deliveries → a number that rises with every wake-up. Where deliverers begin. */
export const PROJECTS_KEY = 'sy:{webhooks}:projects'
/** Sharded channel: the project that has new work. */
export const WORK_CHANNEL = 'sy:{webhooks}'
