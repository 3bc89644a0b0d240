import { isBatchId } from '@switchyard/batches/batch-id'
import { isFileId } from '@switchyard/batches/files/file-id'
import { filesExist } from '@switchyard/batches/files/get-file'
import { batchesExist } from '@switchyard/batches/read-batch'
import { isJobId } from '@switchyard/contract/ids'
import type { Jobs } from '@switchyard/jobs/jobs'
import { readJobs } from '@switchyard/jobs/read-job'
import type { OwnerKind } from './collect-orphans.ts'

/** Whose blobs go with their record. A file's record expires with the file, so this is also how expired files lose their content, and
 * batches likewise. */
export function ownerKinds(jobs: Jobs): OwnerKind[] {
  return [
    {
      isOne: isJobId,
      async haveRecords(owners) {
        const ids = owners.map(({ id }) => id)
        return (await readJobs(jobs, ids)).map((record) => record !== null)
      },
    },
    {
      isOne: isBatchId,
      haveRecords: (owners) =>
        batchesExist(
          jobs.redis,
          owners.map(({ id }) => id),
        ),
    },
    { isOne: isFileId, haveRecords: (owners) => filesExist(jobs, owners) },
  ]
}
