import type { JobSpec } from '@switchyard/contract/job'
import { runScript } from '@switchyard/redis/script'
import { requestBlob } from './blob-names.ts'
import { INLINE_BODY_BYTES, QUEUE_CHECK_MS, READER_TTL_MS } from './durations.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { type Interest, interestCode } from './readers.ts'
import { scripts } from './scripts.ts'
import { statusEvent } from './status-event.ts'

export interface NewJob {
  spec: JobSpec
  /** The request as the client sent it. */
  body: Buffer
  /** The ingress that waits for it, registered by the same script. */
  reader: { id: string; interest: Interest } | null
}

/**
 * Accepts a job: after this it is stored and reaches exactly one terminal status, whatever dies. Safe to repeat with the same id.
 * @returns the outbox row that the acceptance owes, null for a repeat.
 */
export async function createJob(jobs: Jobs, job: NewJob): Promise<{ rowId: string } | null> {
  const { body, reader } = job
  let { spec } = job
  const inline = body.length <= INLINE_BODY_BYTES
  if (!inline) {
    const blob = requestBlob(spec.project, spec.id)
    await jobs.blobs.put(blob, body)
    spec = { ...spec, request: { ...spec.request, blob } }
  }
  const keys = jobKeys(spec.id)
  const reply = (await runScript(
    jobs.redis,
    scripts.create,
    [keys.record, keys.due, keys.outbox],
    [
      spec.id,
      JSON.stringify(spec),
      inline ? body : '',
      spec.stream ? 1 : 0,
      spec.onDisconnect,
      spec.deadlineMs ?? '',
      reader?.id ?? '',
      reader ? interestCode(reader.interest) : '',
      READER_TTL_MS,
      QUEUE_CHECK_MS,
      spec.stream ? '' : statusEvent(spec.id, 'queued'),
      spec.route.hops[0]!.lane,
    ],
  )) as [number, number?, string?]
  return reply[0] === 1 ? { rowId: reply[2]! } : null
}
