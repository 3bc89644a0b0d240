import type { BlobStore } from '@switchyard/contract/blob-store'
import { isJobId } from '@switchyard/contract/ids'
import type { Jobs } from '@switchyard/jobs/jobs'
import { readJobs } from '@switchyard/jobs/read-job'

const OLDER_THAN_MS = 3_600_000
/** No upload takes that long (ingress bounds it), so what is older belongs to a process that died. */
const UNFINISHED_OLDER_THAN_MS = 24 * 3_600_000
const AT_ONCE = 200

interface Owner {
  project: string
  id: string
  modifiedAtMs: number
}

/**
 * Deletes blobs whose job has no record any more (a crash between blob and record, an expired record), and what writes left behind
 * whose process died. Gives of how many owners something went.
 */
export async function collectOrphans(
  jobs: Jobs,
  nowMs: number = Date.now(),
  olderThanMs: number = OLDER_THAN_MS,
): Promise<number> {
  let collected = await jobs.blobs.dropUnfinished(UNFINISHED_OLDER_THAN_MS)
  let batch: Owner[] = []
  async function collect(): Promise<void> {
    const records = await readJobs(
      jobs,
      batch.map(({ id }) => id),
    )
    for (const [i, { project, id }] of batch.entries()) {
      if (records[i]) continue
      await jobs.blobs.deleteBelow(`${project}/${id}`)
      collected++
    }
    batch = []
  }
  for await (const owner of listOwners(jobs.blobs)) {
    // What is no job's was put there by somebody else: not ours to delete, and no reason to stop.
    if (!isJobId(owner.id) || nowMs - owner.modifiedAtMs < olderThanMs) continue
    batch.push(owner)
    if (batch.length >= AT_ONCE) await collect()
  }
  await collect()
  return collected
}

/** Whoever has blobs, with the time of the last write to one of them. */
async function* listOwners(blobs: BlobStore): AsyncIterable<Owner> {
  let owner = null as Owner | null
  for await (const { name, modifiedAtMs } of blobs.list('')) {
    const [project, id] = name.split('/') as [string, string]
    if (owner?.project === project && owner.id === id) {
      owner.modifiedAtMs = Math.max(owner.modifiedAtMs, modifiedAtMs)
      continue
    }
    if (owner) yield owner
    owner = { project, id, modifiedAtMs }
  }
  if (owner) yield owner
}
