import { createHash } from 'node:crypto'
import type { EventType } from '@switchyard/contract/event'
import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { effectMark } from './event-id.ts'
import { projectKeys } from './keys.ts'
import { scripts } from './scripts.ts'
import { wake } from './wake.ts'

/** The feed is kept this long, and this many entries of it. */
export const FEED_KEPT_MS = 72 * 3_600_000
const FEED_ENTRIES = 100_000
/** Effects remembered at least; a repeat within them makes no second event. Twice as many at most, 12 characters each. */
const REMEMBERED = 100_000
/** Deliveries that wait for one endpoint; what comes on top is in the feed alone. */
const MOST_PENDING = 50_000
/** Events of one project in one call of the script: 1 ms of Redis where all of them go to one endpoint. */
const PER_CALL = 50

export interface NewEvent {
  project: string
  /** Makes it idempotent: `<jobId>.end.feed`, `<batchId>.end.feed`. */
  effectId: string
  type: EventType
  /** Id of the job, response or batch. */
  dataId: string
  atMs: number
  /** The trace that tries belong to. */
  traceparent?: string | undefined
  /** A receiver beside the subscribers: an endpoint of the project, or a URL that was checked when it was given. */
  target?: { endpoint: string } | { url: string } | undefined
}

/**
 * Writes events to their projects' feeds, makes a delivery for every enabled endpoint that wants them, and wakes the deliverers. Safe to
 * repeat: an effect becomes one event. Any number of events of any projects in one pipeline, one script for each project.
 * Resolves with one entry for each event, in order: null, or why it must be tried again.
 */
export async function recordEvents(redis: RedisClient, events: readonly NewEvent[]): Promise<(Error | null)[]> {
  const outcomes: (Error | null)[] = events.map(() => null)
  const groups = groupsOf(events)
  const replies = await pipelineBySlot(
    redis,
    groups.map(({ project, indexes }) =>
      recordCommand(
        project,
        indexes.map((index) => events[index]!),
      ),
    ),
  )
  const toWake = new Set<string>()
  for (const [i, { error, value }] of replies.entries()) {
    const { project, indexes } = groups[i]!
    if (error) for (const index of indexes) outcomes[index] = error
    else if ((value as [number, number])[1] === 1) toWake.add(project)
  }
  if (toWake.size === 0) return outcomes
  try {
    await wake(redis, toWake)
  } catch (error) {
    for (const [index, { project }] of events.entries()) if (toWake.has(project)) outcomes[index] ??= error as Error
  }
  return outcomes
}

function groupsOf(events: readonly NewEvent[]): { project: string; indexes: number[] }[] {
  const groups: { project: string; indexes: number[] }[] = []
  const open = new Map<string, number[]>()
  for (const [index, { project }] of events.entries()) {
    const indexes = open.get(project)
    if (indexes && indexes.length < PER_CALL) {
      indexes.push(index)
      continue
    }
    const fresh = [index]
    open.set(project, fresh)
    groups.push({ project, indexes: fresh })
  }
  return groups
}

function recordCommand(project: string, events: NewEvent[]): Command {
  const keys = projectKeys(project)
  return scriptCommand(
    scripts.record,
    [keys.events, keys.seen, keys.seenBefore, keys.types, keys.queues, keys.feedChannel],
    [
      ...[keys.prefix, FEED_ENTRIES, FEED_KEPT_MS, REMEMBERED, MOST_PENDING],
      ...events.flatMap(({ effectId, type, dataId, atMs, traceparent, target }) => [
        ...[effectMark(effectId), type, dataId, Math.floor(atMs / 1_000), traceparent ?? '', targetText(target)],
      ]),
    ],
  )
}

/** URLs hold no spaces; deliveries to the same one share a queue, whatever job they come from. */
function targetText(target: NewEvent['target']): string {
  if (target === undefined) return ''
  return 'endpoint' in target ? target.endpoint : `${queueOfUrl(target.url)} ${target.url}`
}

function queueOfUrl(url: string): string {
  return `url_${createHash('sha256').update(url).digest('hex').slice(0, 24)}`
}
