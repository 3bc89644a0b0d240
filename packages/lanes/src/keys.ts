import { QueueKeys } from 'bullmq'

/** Every key of every lane begins so: `sy:lane:{frontier.anthropic}:prioritized`. */
export const LANE_PREFIX = 'sy:lane'

/** The BullMQ queue of a lane. Its name is the hash tag, so all keys of a lane are in one slot. */
export function queueName(lane: string): string {
  return `{${lane}}`
}

/** The keys that our own scripts read. Their spelling is BullMQ's, so it is BullMQ that spells them. */
export interface LaneKeys {
  /** A delivery's hash is `base` + its id, its lock `:lock` behind that. */
  base: string
  prioritized: string
  delayed: string
  active: string
  wait: string
  completed: string
  failed: string
  /** BullMQ's schedules: its script that removes a job looks for it there. */
  repeat: string
  meta: string
  /** A set of at most two wake-ups, popped by idle consumers. */
  marker: string
  /** Ours: where each project's turn ends that is ahead of the lane (lua/place.lua). */
  fair: string
  /** Ours: what each worker says of the lane (lane-report.ts). */
  report: string
  /** What lua/place.lua and lua/add.lua are given. */
  add: string[]
  /** What lua/fetch.lua is given. */
  fetch: string[]
  /** What lua/finish.lua is given. */
  finish: string[]
}

export function laneKeys(lane: string, prefix: string = LANE_PREFIX): LaneKeys {
  const keys = new QueueKeys(prefix).getKeys(queueName(lane))
  const fair = `${keys['']!}fair`
  const { marker, meta, prioritized, delayed, active, wait, pc, stalled } = keys
  const fetch = [wait!, active!, prioritized!, delayed!, meta!, marker!, pc!]
  return {
    base: keys['']!,
    prioritized: keys.prioritized!,
    delayed: keys.delayed!,
    active: keys.active!,
    wait: keys.wait!,
    completed: keys.completed!,
    failed: keys.failed!,
    repeat: keys.repeat!,
    meta: keys.meta!,
    marker: keys.marker!,
    fair,
    report: `${keys['']!}report`,
    add: [prioritized!, fair, marker!, pc!],
    fetch,
    finish: [...fetch, stalled!],
  }
}
