import type { ErrorBody } from '@switchyard/contract/broker-error'
import type { JobObject } from '@switchyard/contract/job-object'

export async function jobIn(response: Response): Promise<JobObject> {
  return (await response.json()) as JobObject
}

export async function errorIn(response: Response): Promise<ErrorBody> {
  const body = (await response.json()) as { error: ErrorBody }
  return body.error
}
