import { BrokerError } from '@switchyard/contract/broker-error'

/** An upload to S3 holds up to two parts of 5 MiB in memory: 160 MB for these, whoever sends them. */
const AT_ONCE = 16
/** Of these a project gets no more than half. */
const PER_PROJECT = 8

export interface UploadSlots {
  /** Throws `rate_limit_exceeded` when too many are under way here. Call what it gives when the upload is over. */
  take(project: string): () => void
}

/** Bounds the uploads that one process receives at the same time. */
export function uploadSlots(): UploadSlots {
  const taken = new Map<string, number>()
  let all = 0
  return {
    take(project) {
      const own = taken.get(project) ?? 0
      if (all >= AT_ONCE || own >= PER_PROJECT) {
        throw new BrokerError('rate_limit_exceeded', 'Too many uploads are under way. Try again.', {
          retryAfterMs: 1_000,
        })
      }
      all++
      taken.set(project, own + 1)
      let given = true
      return () => {
        if (!given) return
        given = false
        all--
        const left = taken.get(project)! - 1
        if (left > 0) taken.set(project, left)
        else taken.delete(project)
      }
    },
  }
}
