import { isFileId } from '@switchyard/batches/files/file-id'
import { filesExist } from '@switchyard/batches/files/get-file'
import { isJobId } from '@switchyard/contract/ids'
import type { Jobs } from '@switchyard/jobs/jobs'
import { readJobs } from '@switchyard/jobs/read-job'
import type { OwnerKind } from './collect-orphans.ts'

/** Whose blobs go with their record. A file's record expires with the file, so this is also how expired files lose their content. */
export function ownerKinds(jobs: Jobs): OwnerKind[] {
  return [
    {
      isOne: isJobId,
      async haveRecords(owners) {
        const ids = owners.map(({ id }) => id)
        return (await readJobs(jobs, ids)).map((record) => record !== null)
      },
    },
    { isOne: isFileId, haveRecords: (owners) => filesExist(jobs, owners) },
  ]
}
