import { partitionName, partitionOf } from '@switchyard/contract/ids'

/** Every key of one job. All carry the partition as hash tag, so one script can touch them together. */
export interface JobKeys {
  partition: string
  record: string
  /** The log of a streamed job; events of others are fields of the record. */
  events: string
  due: string
  outbox: string
  ended: string
}

export function jobKeys(jobId: string): JobKeys {
  const partition = partitionOf(jobId)
  const base = `sy:{${partition}}:job:${jobId}`
  return {
    partition,
    record: base,
    events: `${base}:events`,
    due: `sy:{${partition}}:due`,
    outbox: `sy:{${partition}}:outbox`,
    ended: `sy:{${partition}}:ended`,
  }
}

/** Sorted set of a partition: job id → epoch ms of the next moment to look at it. */
export function dueKey(partition: number): string {
  return `sy:{${partitionName(partition)}}:due`
}

/** Sorted set of a partition: ended jobs whose bodies and log are still in Redis, by their end. */
export function endedKey(partition: number): string {
  return `sy:{${partitionName(partition)}}:ended`
}

/** Stream of a partition: what transitions owe to other slots. */
export function outboxKey(partition: number): string {
  return `sy:{${partitionName(partition)}}:outbox`
}

/** Channel on which one ingress process hears frames of the jobs that it follows. */
export function liveChannel(readerId: string): string {
  return `sy:live:{${readerId}}`
}

/** Channel on which one worker process hears of cancels and new readers. */
export function inboxChannel(owner: string): string {
  return `sy:inbox:{${owner}}`
}

/** Which job a project's `Idempotency-Key` stands for, by the key's digest. */
export function idempotencyKey(project: string, digest: string): string {
  return `sy:{${project}}:idem:${digest}`
}

/** Which job answers identical requests of a project, by their digest. */
export function answerKey(project: string, digest: string): string {
  return `sy:{${project}}:answer:${digest}`
}
