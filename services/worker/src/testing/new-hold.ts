import type { JobSpec } from '@switchyard/contract/job'
import { parseRecord, RECORD_FIELDS } from '@switchyard/jobs/record'
import { newSpec } from '@switchyard/jobs/testing/new-spec'
import { Hold } from '../hold.ts'

/** A hold on a job that no Redis knows of. */
export function newHold(over: Partial<JobSpec> = {}): Hold {
  const spec = newSpec(over)
  const fields: Record<string, string> = {
    spec: JSON.stringify(spec),
    status: 'in_progress',
    lane: spec.route.hops[0]!.lane,
    hop: '0',
    delivery: '1',
    fence: '1',
  }
  const { record } = parseRecord(RECORD_FIELDS.map((name) => fields[name] ?? null))!
  return new Hold({
    record,
    fence: 1,
    nextSeq: 0,
    begun: false,
    request: '{}',
    readers: [],
    claimedAtMs: Date.now(),
    deferredToMs: null,
  })
}
