import { type IndexedJob, indexCommand } from '@switchyard/accounts/job-index'
import { ledgerCommand, ledgerDay } from '@switchyard/accounts/ledger'
import { bookPrefixesCommand } from '@switchyard/accounts/prefixes'
import type { LedgerRow, OutboxRow } from '@switchyard/contract/effects'
import { attemptId } from '@switchyard/contract/ids'
import type { Attempt, JobSpec } from '@switchyard/contract/job'
import { hasLimits } from '@switchyard/limits/limit-config'
import { type EndedLease, reconcileCommand } from '@switchyard/limits/reconcile'
import type { Command } from '@switchyard/redis/pipeline'
import type { Broker } from './broker.ts'
import type { EndedJob } from './ended-job.ts'

/** What a row refers to. Without an attempt, or with a record that is gone, it owes nothing any more. */
export interface Owed {
  row: OutboxRow
  spec: JobSpec | null
  attempt: Attempt | null
  /** Given by a row that says that its job ended. */
  end: EndedJob | null
}

/** One command and those who owe it: none of them is quit before it succeeded. */
export interface Effect {
  command: Command
  owed: Owed[]
  /** Called once it has succeeded. */
  done?(): void
}

/** Things of one key, and who owes them. */
class Groups<T> {
  readonly #groups = new Map<string, { things: T[]; owed: Owed[] }>()

  add(key: string, thing: T, owed: Owed): void {
    const group = this.#groups.get(key)
    if (group) {
      group.things.push(thing)
      group.owed.push(owed)
    } else this.#groups.set(key, { things: [thing], owed: [owed] })
  }

  effects(commandOf: (things: T[], key: string) => Command, done?: (key: string) => void): Effect[] {
    return Array.from(this.#groups, ([key, { things, owed }]) => ({
      command: commandOf(things, key),
      owed,
      ...(done === undefined ? {} : { done: () => done(key) }),
    }))
  }
}

/**
 * The commands that carry out what a batch owes: the index entries of a project in one, its ledger lines in one for each day, the
 * ended calls of a deployment in one. Every line is idempotent by its effect id, whatever batch it comes in.
 */
export function effectsOf(broker: Broker, batch: Owed[]): Effect[] {
  const accepted = new Groups<IndexedJob>()
  const lines = new Groups<LedgerRow>()
  const ended = new Groups<EndedLease>()
  const cached = new Groups<{ prefix: string; model: string; savedNanoUsd: number }>()
  for (const owed of batch) {
    const { row, spec, attempt } = owed
    if (!spec) continue
    if (row.attempt === 0) {
      if (row.ended || spec.batch) continue
      accepted.add(spec.project, { jobId: spec.id, createdAtMs: spec.createdAtMs }, owed)
    } else if (attempt !== null) {
      const lease = attemptId(spec.id, attempt.number)
      const line = ledgerLine(spec, attempt, lease)
      lines.add(`${ledgerDay(line.atMs)} ${spec.project}`, line, owed)
      if (spec.prefix !== undefined && spec.promptCache && attempt.cacheSavedNanoUsd !== undefined) {
        const call = { prefix: spec.prefix, model: spec.model, savedNanoUsd: attempt.cacheSavedNanoUsd }
        cached.add(spec.project, call, owed)
      }
      const limits = broker.limitsOf(attempt.deployment)
      if (limits && hasLimits(limits)) ended.add(attempt.deployment, endedLease(broker, attempt, lease), owed)
    }
  }
  return [
    ...accepted.effects((jobs, project) => indexCommand(project, jobs)),
    ...lines.effects((rows) => ledgerCommand(rows[0]!.project, ledgerDay(rows[0]!.atMs), rows)),
    ...cached.effects((calls, project) => bookPrefixesCommand(project, calls)),
    ...ended.effects(
      (leases, deployment) => reconcileCommand(deployment, broker.limitsOf(deployment)!, leases, broker.limiterClock),
      broker.onCallEnded,
    ),
  ]
}

function endedLease(broker: Broker, attempt: Attempt, lease: string): EndedLease {
  const stated = broker.statedWith?.(lease)
  return { lease, actual: attempt.usage, ...(stated ? { stated } : {}) }
}

function ledgerLine(spec: JobSpec, attempt: Attempt, id: string): LedgerRow {
  return {
    effectId: `${id}.ledger`,
    project: spec.project,
    apiKey: spec.apiKey,
    jobId: spec.id,
    attempt,
    endpoint: spec.endpoint,
    model: spec.model,
    tags: spec.tags,
    atMs: attempt.startedAtMs + (attempt.durationMs ?? 0),
  }
}
