import type { JobRecord, JobSpec } from '@switchyard/contract/job'

/** The record of a job as it was when it was accepted, without asking the store: a 202 must not fail once the job is stored. */
export function queuedRecord(spec: JobSpec): JobRecord {
  return {
    spec,
    status: 'queued',
    hop: 0,
    lane: spec.route.hops[0]!.lane,
    delivery: 1,
    fence: 0,
    owner: null,
    leaseUntilMs: null,
    crashes: 0,
    read: false,
    startedAtMs: null,
    completedAtMs: null,
    attempts: [],
    failure: null,
    archive: null,
    notBeforeMs: null,
    resultBlob: null,
    expiresAtMs: null,
  }
}
